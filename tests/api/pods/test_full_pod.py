"""A pod with every field is read, written back and admitted, in each way of writing engines."""

from function.api.pod_template import PodSpec
from tests.support.api import deployment, engine, member, nested, placed, refused, replica, template
from tests.support.every_field import paths, values
from tests.support.full_pod import full_pod


def test_a_pod_with_every_field_is_written_back_as_it_is_read() -> None:
    assert PodSpec.model_validate(full_pod()).plain() == full_pod()


def test_the_full_pod_has_every_field() -> None:
    assert [path for path in paths(PodSpec) if not values({"spec": full_pod()}, path)] == []


def test_a_pod_with_every_field_is_admitted() -> None:
    pods = template(**full_pod())
    engines = [engine("q", member(template=pods))]
    assert refused(deployment(engines=engines)) == []
    assert refused(nested(engines=engines)) == []
    assert refused(replica(engines=[engine("q", placed(template=pods))])) == []
