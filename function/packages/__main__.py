"""Write what is installed around the function, from the code's own list of composed kinds.

python -m function.packages           write what is stale
python -m function.packages --check   write nothing; exit 1 and name what is stale
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from function.api.generated_files import GeneratedFiles
from function.packages.files import files
from function.packages.metadata import release


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see `GeneratedFiles.command`."""
    return GeneratedFiles(files(release())).command("function.packages", __doc__.splitlines()[0], arguments)


if __name__ == "__main__":
    sys.exit(main())
