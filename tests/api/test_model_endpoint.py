from tests.support.api import endpoint, refused


def test_an_endpoint_is_reached_by_http() -> None:
    assert refused(endpoint("http://10.0.0.7:8000/v1", rewritePath="/", host="api.together.xyz")) == []
    assert refused(endpoint("api.together.xyz/v1")) == [
        'spec.url: must be a URL that starts with http:// or https://, not "api.together.xyz/v1"'
    ]
    assert refused(endpoint(rewritePath="v1")) == ["spec.rewritePath: must be a path that starts with '/', not \"v1\""]
