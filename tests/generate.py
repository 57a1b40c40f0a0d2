"""Write every file that is generated from the code.

python -m tests.generate           write what is stale, remove what is no longer generated
python -m tests.generate --check   write nothing; exit 1 and name what is stale
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from function import reference
from function.api import generate
from function.api.generated_files import GeneratedFiles
from function.packages.files import files
from function.packages.metadata import release
from tests import pitfalls


def everything() -> GeneratedFiles:
    """Definitions, Compositions, packages and the generated pages."""
    pages = {reference.PAGE: reference.render(), pitfalls.PAGE: pitfalls.page()}
    return generate.generated() | GeneratedFiles(files(release())) | GeneratedFiles(pages)


def main(arguments: Sequence[str] | None = None) -> int:
    return everything().command("tests.generate", __doc__.splitlines()[0], arguments)


if __name__ == "__main__":
    sys.exit(main())
