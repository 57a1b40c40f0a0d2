from tests.support.api import refused, stack


def test_a_serving_stack_has_a_kubeconfig() -> None:
    identity = {"type": "GoogleApplicationCredentials", "name": "sa", "key": "private_key"}
    assert refused(stack()) == []
    assert refused(stack(secrets=[identity])) == ["spec.secrets: secrets must have an entry of type Kubeconfig"]
