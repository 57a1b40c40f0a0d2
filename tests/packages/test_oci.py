"""Images as archives: digests that hold, and the same bytes from the same input."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from package import oci
from package.oci import File, Image, ImageError

FILES = {"app/bin/run": File(b"#!/bin/sh\n", executable=True), "app/lib/a.py": File(b"a = 1\n")}

names = st.text("abc", min_size=1, max_size=3)
trees = st.dictionaries(st.lists(names, min_size=3, max_size=3).map("/".join), st.builds(File, st.binary(max_size=20)))


def members(data: bytes) -> dict[str, bytes]:
    """The files of an archive."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {entry.name: _read(tar, entry) for entry in tar if entry.isfile()}


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    assert file is not None
    return file.read()


def written(image: Image, folder: Path) -> dict[str, bytes]:
    oci.write(image, folder / "image.tar")
    return members((folder / "image.tar").read_bytes())


def docker_archive(path: Path, config: dict[str, Any], layers: list[bytes], images: int = 1) -> Path:
    """An archive as `docker save` makes one: layers as they are, and names of its own."""
    named = {f"{index}/layer.tar": File(data) for index, data in enumerate(layers)}
    entry = {"Config": "c.json", "RepoTags": ["x:1"], "Layers": list(named)}
    files = {**named, "c.json": File(json.dumps(config).encode())}
    files["manifest.json"] = File(json.dumps([entry] * images).encode())
    path.write_bytes(oci.archive(files))
    return path


def plain(data: bytes) -> dict[str, Any]:
    """The configuration of an image of one layer."""
    return {
        "architecture": "arm64",
        "os": "linux",
        "config": {"Env": ["PYTHON_VERSION=3.13.5"], "Cmd": ["python3"], "Labels": {"of": "base"}},
        "history": [{"created_by": "base"}],
        "rootfs": {"type": "layers", "diff_ids": [oci.digest(data)]},
    }


def test_every_blob_is_stored_under_its_digest_and_described_with_its_size(tmp_path: Path) -> None:
    found = written(oci.empty("amd64").topped(oci.layer(FILES)), tmp_path)
    blobs = {name.replace("blobs/sha256/", ""): data for name, data in found.items() if name.startswith("blobs/")}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in blobs.items()} == {name: name for name in blobs}
    (entry,) = json.loads(found["index.json"])["manifests"]
    manifest = json.loads(blobs[entry["digest"].removeprefix("sha256:")])
    for described in (entry, manifest["config"], *manifest["layers"]):
        assert described["size"] == len(blobs[described["digest"].removeprefix("sha256:")])
    assert entry["platform"] == {"architecture": "amd64", "os": "linux"}
    assert len(blobs) == 3


def test_the_configuration_names_what_each_layer_is_when_unpacked(tmp_path: Path) -> None:
    found = written(oci.empty("amd64").topped(oci.layer(FILES)).topped(oci.layer({"b": File(b"")})), tmp_path)
    (docker,) = json.loads(found["manifest.json"])
    unpacked = [gzip.decompress(found[name]) for name in docker["Layers"]]
    assert json.loads(found[docker["Config"]])["rootfs"] == {
        "type": "layers",
        "diff_ids": [oci.digest(data) for data in unpacked],
    }
    assert members(unpacked[0]) == {path: file.data for path, file in FILES.items()}
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def test_a_layers_part_in_a_package_is_its_annotation_and_a_label(tmp_path: Path) -> None:
    layer = oci.layer({"package.yaml": File(b"kind: Function\n")}, "base")
    found = written(oci.empty("amd64").topped(oci.layer(FILES)).topped(layer), tmp_path)
    (docker,) = json.loads(found["manifest.json"])
    labels = json.loads(found[docker["Config"]])["config"]["Labels"]
    assert labels == {f"io.crossplane.xpkg:{layer.digest}": "base"}
    (entry,) = json.loads(found["index.json"])["manifests"]
    manifest = json.loads(found[f"blobs/{entry['digest'].replace(':', '/')}"])
    assert [layer.get("annotations") for layer in manifest["layers"]] == [None, {"io.crossplane.xpkg": "base"}]


@given(trees)
def test_a_layer_has_the_same_bytes_whatever_order_its_files_come_in(files: dict[str, File]) -> None:
    assert oci.layer(files) == oci.layer(dict(reversed(files.items())))


def test_nothing_in_a_layer_has_a_time_or_an_owner_and_only_programs_run() -> None:
    with tarfile.open(fileobj=io.BytesIO(oci.archive(FILES))) as tar:
        seen = [(entry.name, oct(entry.mode), entry.mtime, entry.uid, entry.gid, entry.uname) for entry in tar]
    nobody = (0, 0, 0, "")
    assert seen == [
        ("app", "0o755", *nobody),
        ("app/bin", "0o755", *nobody),
        ("app/bin/run", "0o755", *nobody),
        ("app/lib", "0o755", *nobody),
        ("app/lib/a.py", "0o644", *nobody),
    ]


def test_an_image_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    image = (
        oci.empty("arm64")
        .running({"User": "1"}, {"A": "b=c"})
        .topped(oci.layer(FILES))
        .topped(oci.layer({"p": File(b"p")}, "base"))
    )
    oci.write(image, tmp_path / "image.tar")
    again = oci.read(tmp_path / "image.tar")
    assert (again.layers, again.architecture, again.environment) == (image.layers, "arm64", {"A": "b=c"})
    oci.write(again, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "image.tar").read_bytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["as it is", "compressed"])
def test_an_archive_of_docker_is_read_with_its_layers_compressed_or_not(pack: Any, tmp_path: Path) -> None:
    layer = oci.archive(FILES)
    image = oci.read(docker_archive(tmp_path / "base.tar", plain(layer), [pack(layer)]))
    assert [gzip.decompress(layer.blob) for layer in image.layers] == [layer]
    assert (image.architecture, image.environment) == ("arm64", {"PYTHON_VERSION": "3.13.5"})


def test_an_image_on_another_keeps_its_layers_labels_and_history_but_not_its_command(tmp_path: Path) -> None:
    base = oci.read(docker_archive(tmp_path / "base.tar", plain(oci.archive(FILES)), [oci.archive(FILES)]))
    image = base.running({"Entrypoint": ["/run"]}, {"PATH": "/app"}).topped(oci.layer({"p": File(b"")}, "base"))
    found = written(image, tmp_path)
    (docker,) = json.loads(found["manifest.json"])
    config = json.loads(found[docker["Config"]])
    assert config["config"] == {
        "Entrypoint": ["/run"],
        "Env": ["PYTHON_VERSION=3.13.5", "PATH=/app"],
        "Labels": {"of": "base", f"io.crossplane.xpkg:{image.layers[-1].digest}": "base"},
    }
    assert (len(config["history"]), len(config["rootfs"]["diff_ids"]), len(docker["Layers"])) == (2, 2, 2)


def test_what_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    layer = oci.archive(FILES)
    cases = {
        "missing.tar": (None, "missing.tar: not an archive of an image"),
        "text.tar": (b"hello", "text.tar: not an archive of an image"),
        "files.tar": (layer, "files.tar: not an archive of an image"),
    }
    for name, (data, message) in cases.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError, match=message):
            oci.read(tmp_path / name)


def test_an_archive_of_two_images_or_with_layers_that_do_not_fit_is_refused(tmp_path: Path) -> None:
    layer = oci.archive(FILES)
    with pytest.raises(ImageError, match="holds 2 images, where one is needed"):
        oci.read(docker_archive(tmp_path / "two.tar", plain(layer), [layer], images=2))
    with pytest.raises(ImageError, match="not those that its configuration names"):
        oci.read(docker_archive(tmp_path / "wrong.tar", plain(b""), [layer]))
    with pytest.raises(ImageError, match="a layer is damaged"):
        oci.read(docker_archive(tmp_path / "cut.tar", plain(layer), [gzip.compress(layer)[:-9]]))
    with pytest.raises(ImageError, match="compressed in another way than gzip"):
        oci.read(docker_archive(tmp_path / "zstd.tar", plain(layer), [b"\x28\xb5\x2f\xfd" + layer[:400]]))
