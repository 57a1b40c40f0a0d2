"""Container images as files: layers, the image around them, and the archive that holds it.

An image is written as an archive that is an OCI layout and what `docker load` takes, at once. The
same input gives the same bytes: nothing in it has a time, an owner or an order of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

ANNOTATION: Final = "io.crossplane.xpkg"
"""Marks a layer's part in a package: as annotation of the layer, and as label of the config for those who lose it."""

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_GZIP: Final = b"\x1f\x8b"
_TAR: Final = b"ustar"
_TAR_AT: Final = 257


class ImageError(Exception):
    """An archive holds no image that can be used; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a layer."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, compressed.

    Attributes:
        blob: What is stored.
        diff_id: Digest of what it is when unpacked.
        part: Its part in a package, if it has one.
    """

    blob: bytes
    diff_id: str
    part: str = ""

    @property
    def digest(self) -> str:
        """Digest of what is stored."""
        return digest(self.blob)


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform.

    Attributes:
        config: Its configuration as stored, less what follows from the layers.
        layers: From the bottom to the top.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()

    @property
    def architecture(self) -> str:
        """The processor that it is for."""
        return str(self.config.get("architecture", ""))

    @property
    def environment(self) -> dict[str, str]:
        """The environment that it sets."""
        pairs = (pair.partition("=") for pair in self.config.get("config", {}).get("Env") or ())
        return {name: value for name, _, value in pairs}

    def topped(self, layer: Layer) -> Image:
        """The image with one more layer."""
        past = self.config.get("history")
        history = {"history": [*past, {"created_by": "package/build.py"}]} if past else {}
        return Image({**self.config, **history}, (*self.layers, layer))

    def running(self, settings: Mapping[str, Any], environment: Mapping[str, str]) -> Image:
        """The image with other settings, and with more in its environment.

        Its command is left out: it would be arguments of the new entry point.
        """
        kept = {key: value for key, value in self.config.get("config", {}).items() if key != "Cmd"}
        env = [f"{name}={value}" for name, value in {**self.environment, **environment}.items()]
        return replace(self, config={**self.config, "config": {**kept, **settings, "Env": env}})


def empty(architecture: str) -> Image:
    """An image of nothing."""
    return Image({"architecture": architecture, "os": "linux", "config": {}})


def digest(data: bytes) -> str:
    """Name of what is stored."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(files: Mapping[str, File], part: str = "") -> Layer:
    """Pack files, by their path in the image, with the folders that they need."""
    return _packed(archive(files), part)


def archive(files: Mapping[str, File]) -> bytes:
    """Write files as a tar archive in which nothing depends on when or by whom it was written."""
    buffer = io.BytesIO()
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folders | files.keys()):
            entry = tarfile.TarInfo(path)
            entry.mtime = 0
            file = files.get(path)
            if file is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            else:
                entry.size, entry.mode = len(file.data), 0o755 if file.executable else 0o644
                tar.addfile(entry, io.BytesIO(file.data))
    return buffer.getvalue()


def write(image: Image, path: Path) -> None:
    """Write an image to an archive."""
    config = _encoded(_finished(image))
    blobs = {digest(config): config, **{layer.digest: layer.blob for layer in image.layers}}
    manifest = _encoded(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described_layer(layer_) for layer_ in image.layers],
        }
    )
    blobs[digest(manifest)] = manifest
    platform = {"architecture": image.architecture, "os": image.config.get("os", "linux")}
    index = {
        "schemaVersion": 2,
        "mediaType": _INDEX,
        "manifests": [{**_described(_MANIFEST, manifest), "platform": platform}],
    }
    docker = [
        {
            "Config": _stored(digest(config)),
            "RepoTags": None,
            "Layers": [_stored(layer_.digest) for layer_ in image.layers],
        }
    ]
    files = {_stored(name): File(data) for name, data in blobs.items()}
    files["oci-layout"] = File(_encoded({"imageLayoutVersion": "1.0.0"}))
    files["index.json"] = File(_encoded(index))
    files["manifest.json"] = File(_encoded(docker))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive(files))


def read(path: Path) -> Image:
    """Read the one image of an archive that `docker save`, `crane pull` or `write` made.

    Raises:
        ImageError: When it holds no image, several, or one that is damaged.
    """
    try:
        with tarfile.open(path) as tar:
            images = json.loads(_member(tar, "manifest.json"))
            if len(images) != 1:
                raise ImageError(f"{path}: holds {len(images)} images, where one is needed")
            config: dict[str, Any] = json.loads(_member(tar, images[0]["Config"]))
            blobs = [_member(tar, name) for name in images[0]["Layers"]]
    except (OSError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise ImageError(
            f"{path}: not an archive of an image, as docker save and crane pull make them: {error}"
        ) from error
    labels = (config.get("config") or {}).get("Labels") or {}
    layers = tuple(_unpacked(blob, labels, path) for blob in blobs)
    promised = config.get("rootfs", {}).get("diff_ids")
    if promised != [layer.diff_id for layer in layers]:
        raise ImageError(f"{path}: its layers are not those that its configuration names")
    return Image({key: value for key, value in config.items() if key != "rootfs"}, layers)


def _unpacked(blob: bytes, labels: Mapping[str, str], path: Path) -> Layer:
    """Read a layer, which may be compressed or not."""
    if blob.startswith(_GZIP):
        try:
            unpacked = gzip.decompress(blob)
        except (OSError, EOFError, zlib.error) as error:
            raise ImageError(f"{path}: a layer is damaged: {error}") from error
        return Layer(blob, digest(unpacked), labels.get(f"{ANNOTATION}:{digest(blob)}", ""))
    if blob[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR or not blob.strip(b"\0"):
        return _packed(blob, "")
    raise ImageError(f"{path}: a layer is compressed in another way than gzip")


def _packed(data: bytes, part: str) -> Layer:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as packed:
        packed.write(data)
    return Layer(buffer.getvalue(), digest(data), part)


def _finished(image: Image) -> dict[str, Any]:
    """The configuration with what follows from the layers."""
    settings = dict(image.config.get("config") or {})
    parts = {f"{ANNOTATION}:{layer.digest}": layer.part for layer in image.layers if layer.part}
    if parts:
        settings["Labels"] = {**(settings.get("Labels") or {}), **parts}
    rootfs = {"type": "layers", "diff_ids": [layer_.diff_id for layer_ in image.layers]}
    return {**image.config, "config": settings, "rootfs": rootfs}


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found.read()


def _stored(name: str) -> str:
    return f"blobs/{name.replace(':', '/')}"


def _described_layer(layer_: Layer) -> dict[str, Any]:
    described = _described(_LAYER, layer_.blob)
    return {**described, "annotations": {ANNOTATION: layer_.part}} if layer_.part else described


def _described(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}


def _encoded(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
