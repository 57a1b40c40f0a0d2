"""The page about pods shows a pod that is admitted, and everything that is left out."""

import re

import yaml

from function.api.pod_template import PodTemplate
from function.api.pods.left_out import LEFT_OUT
from function.api.pods.pods_page import page
from tests.support.api import refused


def test_the_example_is_admitted_and_says_something_of_most_parts_of_a_pod() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page(), re.DOTALL | re.MULTILINE)
    deployment = yaml.safe_load(text)
    assert refused(deployment) == []
    template = PodTemplate.model_validate(deployment["spec"]["engines"][0]["members"][0]["template"])
    assert template.container.name == "engine"
    assert template.container.model_fields_set >= {"env", "resources", "liveness_probe", "lifecycle", "volume_mounts"}
    assert template.spec.model_fields_set >= {
        "init_containers",
        "volumes",
        "affinity",
        "tolerations",
        "security_context",
    }


def test_every_field_that_is_left_out_has_a_row_with_its_reason() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert rows == [f"| `{field}` | {reason} |" for field, reason in LEFT_OUT.items()]
