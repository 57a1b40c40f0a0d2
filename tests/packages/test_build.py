"""What is published: a Configuration and a function as Crossplane reads them, and the image that runs."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.api.kinds import KINDS
from function.packages.files import files as generated
from function.packages.metadata import ROOT, Release, release
from package import build, oci, tree
from package.oci import File, Image, ImageError
from tests.support.crd_schemas import violations

TREE = {"app/lib/function/main.py": File(b""), tree.PROGRAM: File(b"#!/usr/bin/env python3\n", executable=True)}


def base_image(architecture: str, **environment: str) -> Image:
    return oci.empty(architecture).running({}, environment)


def built(folder: Path, *images: Image, registry: str = "oci.example.org/ai") -> dict[str, Path]:
    made = build.build(Release(release().version, registry), iter(images), folder)
    return {path.name: path for path in made}


def package_yaml(path: Path) -> list[dict[str, Any]]:
    """What Crossplane reads of a package: the one file of its annotated layer."""
    (layer,) = (layer for layer in oci.read(path).layers if layer.part == "base")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer.blob))) as tar:
        assert tar.getnames() == ["package.yaml"]
        file = tar.extractfile("package.yaml")
        assert file is not None
        return list(yaml.safe_load_all(file.read()))


def names(objs: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(obj["kind"], obj["metadata"]["name"]) for obj in objs]


def test_a_configuration_holds_definitions_compositions_and_the_activation_policy_and_nothing_else(
    tmp_path: Path,
) -> None:
    metadata, *rest = package_yaml(built(tmp_path)["modelplane.xpkg"])
    assert (metadata["apiVersion"], metadata["kind"]) == ("meta.pkg.crossplane.io/v1", "Configuration")
    assert names(rest) == [
        *sorted(("CompositeResourceDefinition", kind.name) for kind in KINDS),
        *sorted(("Composition", kind.name) for kind in KINDS if kind.step),
        ("ManagedResourceActivationPolicy", "modelplane"),
    ]


def test_a_configuration_holds_the_definitions_of_the_repository_as_they_are(tmp_path: Path) -> None:
    packed = {
        (document["kind"], document["metadata"]["name"]): document
        for document in package_yaml(built(tmp_path)["modelplane.xpkg"])
    }
    for folder in ("xrds", "compositions"):
        for path in (ROOT / folder).iterdir():
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            assert packed[document["kind"], document["metadata"]["name"]] == document


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("CompositeResourceDefinition", "compositeresourcedefinitions"),
        ("Composition", "compositions"),
        ("ManagedResourceActivationPolicy", "managedresourceactivationpolicies"),
    ],
)
def test_crossplane_takes_every_object_of_the_configuration(kind: str, plural: str, tmp_path: Path) -> None:
    for document in package_yaml(built(tmp_path)["modelplane.xpkg"]):
        if document["kind"] == kind:
            assert violations(document, plural) == [], document["metadata"]["name"]


def test_a_functions_package_is_its_image_with_its_metadata_on_top(tmp_path: Path) -> None:
    image = build.runtime(oci.empty("arm64"), TREE)
    path = built(tmp_path, image)["function-modelplane-arm64.xpkg"]
    assert oci.read(path).layers[:-1] == image.layers
    assert package_yaml(path) == list(yaml.safe_load_all(generated(release())["package/function/crossplane.yaml"]))


def test_there_is_one_package_of_the_function_for_each_platform_and_manifests_for_the_registry(tmp_path: Path) -> None:
    found = built(tmp_path, oci.empty("amd64"), oci.empty("arm64"))
    assert list(found) == [
        "install.yaml",
        "modelplane.yaml",
        "modelplane.xpkg",
        "function-modelplane-amd64.xpkg",
        "function-modelplane-arm64.xpkg",
    ]
    function = list(yaml.safe_load_all(found["install.yaml"].read_text()))[-1]
    configuration = yaml.safe_load(found["modelplane.yaml"].read_text())
    depends = package_yaml(found["modelplane.xpkg"])[0]["spec"]["dependsOn"][0]
    version = release().version
    assert function["spec"]["package"] == f"oci.example.org/ai/function-modelplane:{version}"
    assert configuration["spec"]["package"] == f"oci.example.org/ai/modelplane:{version}"
    assert (depends["package"], depends["version"]) == ("oci.example.org/ai/function-modelplane", version)


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    image = build.runtime(oci.empty("amd64"), TREE)
    first, second = built(tmp_path / "1", image), built(tmp_path / "2", image)
    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }


def test_the_image_runs_the_function_as_nobody_and_writes_nothing() -> None:
    image = build.runtime(base_image("amd64", PATH="/opt/bin", PYTHON_VERSION="3.12.1"), TREE)
    assert image.config["config"] == {
        "Entrypoint": ["/app/bin/function"],
        "User": "2000:2000",
        "WorkingDir": "/",
        "ExposedPorts": {"8080/tcp": {}, "9443/tcp": {}},
        "Env": [
            "PATH=/app/bin:/opt/bin",
            "PYTHON_VERSION=3.12.1",
            "PYTHONPATH=/app/lib",
            "PYTHONDONTWRITEBYTECODE=1",
            "PYTHONUNBUFFERED=1",
        ],
    }


def test_the_function_is_unpacked_for_the_python_of_its_base() -> None:
    assert build.python_of(base_image("amd64", PYTHON_VERSION="3.12.1")) == "3.12"
    assert build.python_of(base_image("amd64", PYTHON_VERSION="3.12.1"), "3.11") == "3.11"
    assert build.python_of(oci.empty("amd64")) == tree.PYTHON


def test_a_finished_image_is_taken_as_it_is(tmp_path: Path) -> None:
    oci.write(build.runtime(oci.empty("arm64"), TREE), tmp_path / "runtime.tar")
    (image,) = build.images([], [tmp_path / "runtime.tar"])
    assert image == oci.read(tmp_path / "runtime.tar")


def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "base.tar").write_text("no image")
    arguments = ["--runtime", str(tmp_path / "base.tar"), "--out", str(tmp_path / "dist")]
    assert build.main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"package: {tmp_path}/base.tar: not an archive of an image")


def test_a_base_for_an_unknown_processor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oci.write(oci.empty("riscv64"), tmp_path / "base.tar")
    monkeypatch.setattr(tree, "wheel", lambda root, folder: root / folder)
    with pytest.raises(ImageError, match="'riscv64'; known are amd64, arm64"):
        list(build.images([tmp_path / "base.tar"], []))


def test_what_pip_says_about_its_machine_is_left_out(tmp_path: Path) -> None:
    info = tmp_path / "library-1.dist-info"
    info.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").write_text("#!/home/somebody/python\n")
    (tmp_path / "library.py").write_text("a = 1\n")
    (info / "direct_url.json").write_text('{"url": "file:///home/somebody"}')
    (info / "RECORD").write_text(
        "../../bin/tool,sha256=1,2\nlibrary.py,sha256=3,4\nlibrary-1.dist-info/direct_url.json,sha256=5,6\n"
    )
    found = tree.files(tmp_path)
    assert sorted(found) == ["app/bin/function", "app/lib/library-1.dist-info/RECORD", "app/lib/library.py"]
    assert found["app/lib/library-1.dist-info/RECORD"].data == b"library.py,sha256=3,4\n"
    assert [path for path, file in found.items() if file.executable] == ["app/bin/function"]


def test_pip_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(tree.PipError, match=r"^pip install failed:\n(.*\n)*.*no-such-file"):
        tree.requirements(tmp_path / "no-such-file.whl", "amd64", "3.13", tmp_path / "lib")


def test_an_image_on_disk_is_an_oci_layout_of_one_image(tmp_path: Path) -> None:
    with tarfile.open(built(tmp_path)["modelplane.xpkg"]) as tar:
        index = tar.extractfile("index.json")
        assert index is not None
        assert len(json.load(index)["manifests"]) == 1
