from tests.support.api import gateway, manifest, refused


def test_there_is_one_gateway_and_it_is_named_default() -> None:
    assert refused(gateway()) == []
    assert refused(gateway("second")) == ["there is one InferenceGateway: metadata.name must be default"]


def test_traefik_needs_its_block_and_metallb_its_addresses() -> None:
    assert (
        refused(gateway(traefik={"version": "40.2.0", "loadBalancer": "MetalLB", "metallb": {"addressPool": "a-b"}}))
        == []
    )
    assert refused(manifest("InferenceGateway", {"backend": "Traefik"}, "default")) == [
        "spec: spec.traefik is required for backend Traefik"
    ]
    for without in ({}, {"metallb": {"addressPool": ""}}):
        assert refused(gateway(traefik={"loadBalancer": "MetalLB", **without})) == [
            "spec.traefik: traefik.metallb.addressPool is required for loadBalancer MetalLB"
        ]
