"""Crossplane's own definitions take what install.yaml asks of it."""

import jsonschema
import pytest
import yaml

from function.composition import Manifest
from function.packages.files import CONFIGURATION_PACKAGE, INSTALL, files
from function.packages.metadata import release
from tests.e2e.binaries import Binaries
from tests.support import crd_schemas

ASKED_OF_CROSSPLANE = [
    obj
    for path in (INSTALL, CONFIGURATION_PACKAGE)
    for obj in yaml.safe_load_all(files(release())[path])
    if obj["apiVersion"].startswith("pkg.crossplane.io/")
]


@pytest.mark.parametrize("obj", ASKED_OF_CROSSPLANE, ids=lambda obj: f"{obj['kind']}/{obj['metadata']['name']}")
def test_crossplane_takes_it_with_unknown_fields_refused(obj: Manifest, binaries: Binaries) -> None:
    group, version = obj["apiVersion"].split("/")
    path = binaries.crds / f"{group}_{obj['kind'].lower()}s.yaml"
    jsonschema.Draft202012Validator(crd_schemas._schema(path, version)).validate(obj)
