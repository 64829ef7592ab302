"""`pip install -e .` as pages tell their readers to type it, without dependencies, into the folder PAGE_SITE: in a blink.

The wheel is the one that pip would install: the project's own build backend makes it.
"""

import os
import sys
import tempfile
import zipfile
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Installs the project in this folder; ends with an error for anything else that pip can do."""
    if arguments not in (["install", "-e", "."], ["install", "-e", ".[test]"]):
        raise SystemExit(f"pages only do pip install -e '.[test]', not pip {' '.join(arguments)}")
    from hatchling.build import build_editable

    site = Path(os.environ["PAGE_SITE"])
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build_editable(scratch)
        with zipfile.ZipFile(Path(scratch, wheel)) as archive:
            for old in site.glob(f"{wheel.split('-')[0]}-*.dist-info"):
                for file in old.iterdir():
                    file.unlink()
            archive.extractall(site)


if __name__ == "__main__":
    main(sys.argv[1:])
