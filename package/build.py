"""Build what is published, into a folder: both packages, and the manifests that install them from a registry.

python -m package.build --registry REGISTRY   where the packages will be pushed to
    --base IMAGE.tar                          put the function on this image, which has Python; once per platform
    --python VERSION                          the Python on it, where the image does not say
    --runtime IMAGE.tar                       take this finished image of the function; once per platform

Without --base and --runtime the function's images have no Python, and serve as layers only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from function.api.compositions import FUNCTION
from function.packages import files as generated
from function.packages.metadata import CONFIGURATION, REGISTRY, ROOT, Release, release
from package import oci, tree
from package.oci import File, Image, ImageError

PART: Final = "base"
"""The part of a package's layer that Crossplane reads."""

_USER: Final = "2000:2000"
_SEARCHED: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def package(base: Image, text: str) -> Image:
    """Make a package: an image with what Crossplane reads in a layer of its own."""
    return base.topped(oci.layer({"package.yaml": File(text.encode())}, PART))


def function_text(made: dict[str, str]) -> str:
    """What Crossplane reads of the function's package: its metadata."""
    return made[generated.FUNCTION]


def configuration_text(made: dict[str, str], root: Path = ROOT) -> str:
    """What Crossplane reads of the Configuration: its metadata, then everything that it installs."""
    folders = (root / "xrds", root / "compositions")
    files = [path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.glob("*.yaml"))]
    return "---\n".join([made[generated.CONFIGURATION], *files, made[generated.ACTIVATION]])


def runtime(base: Image, function: dict[str, File]) -> Image:
    """Put the function on an image."""
    settings = {
        "Entrypoint": [f"/{tree.PROGRAM}"],
        "User": _USER,
        "WorkingDir": "/",
        "ExposedPorts": {"8080/tcp": {}, "9443/tcp": {}},
    }
    environment = {
        "PATH": f"/app/bin:{base.environment.get('PATH', _SEARCHED)}",
        "PYTHONPATH": f"/{tree.LIBRARIES}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return base.running(settings, environment).topped(oci.layer(function))


def python_of(base: Image, version: str = "") -> str:
    """The Python that a function on this image runs on: the one asked for, the one that the image names, or ours."""
    return ".".join((version or base.environment.get("PYTHON_VERSION") or tree.PYTHON).split(".")[:2])


def images(bases: Sequence[Path], runtimes: Sequence[Path], python: str = "") -> Iterator[Image]:
    """Make the function's image for each platform.

    Args:
        bases: Archives of images with Python; without any, the images are of the function alone.
        runtimes: Archives of images of the function, which are taken as they are.
        python: The Python of the bases, where they do not name it themselves.

    Raises:
        ImageError: When a given image cannot be used.
        tree.PipError: When the function cannot be unpacked.
    """
    if runtimes:
        yield from map(oci.read, runtimes)
        return
    with tempfile.TemporaryDirectory() as scratch:
        wheel = tree.wheel(ROOT, Path(scratch) / "wheel")
        for base in map(oci.read, bases) if bases else map(oci.empty, sorted(tree.ARCHITECTURES)):
            if base.architecture not in tree.ARCHITECTURES:
                raise ImageError(f"a base is for {base.architecture!r}; known are {', '.join(tree.ARCHITECTURES)}")
            folder = Path(scratch) / base.architecture
            tree.requirements(wheel, base.architecture, python_of(base, python), folder)
            yield runtime(base, tree.files(folder))


def build(release: Release, function: Iterator[Image], folder: Path) -> Iterator[Path]:
    """Write everything that is published, and name each file once it is there."""
    made = generated.files(release)
    for path in (generated.INSTALL, generated.CONFIGURATION_PACKAGE):
        written = folder / Path(path).name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(made[path], encoding="utf-8")
        yield written
    configuration = folder / f"{CONFIGURATION}.xpkg"
    oci.write(package(oci.empty("amd64"), configuration_text(made)), configuration)
    yield configuration
    for image in function:
        written = folder / f"{FUNCTION}-{image.architecture}.xpkg"
        oci.write(package(image, function_text(made)), written)
        yield written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        Exit code: 1 when something given cannot be used, with the reason on standard error.
    """
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m package.build", description=about)
    parser.add_argument("--registry", default=REGISTRY, help="registry and folder (default: %(default)s)")
    parser.add_argument("--base", action="append", type=Path, default=[], help="archive of an image with Python")
    parser.add_argument("--runtime", action="append", type=Path, default=[], help="archive of the function's image")
    parser.add_argument("--python", default="", help=f"Python of the image (default: what it says, or {tree.PYTHON})")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder to write to (default: dist)")
    options = parser.parse_args(arguments)
    try:
        function = images(options.base, options.runtime, options.python)
        for path in build(release(options.registry), function, options.out):
            sys.stdout.write(f"{path} ({path.stat().st_size / 2**20:.1f} MiB)\n")
    except (ImageError, tree.PipError) as error:
        sys.stderr.write(f"package: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
