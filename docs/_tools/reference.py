"""Writes docs/reference/ from the source: `python docs/_tools/reference.py`; with --check it only says what would change."""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pages  # noqa: E402  (it lies beside this script, which is no package)

PAGES: dict[str, Callable[[Path], str]] = {
    "index.md": pages.index_page,
    "hooks.md": pages.hooks_page,
    "specs.md": pages.specs_page,
    "records.md": pages.records_page,
    "config.md": pages.config_page,
    "commands.md": pages.commands_page,
    "plugins.md": pages.plugins_page,
}


def made(root: Path = ROOT) -> dict[str, str]:
    """Page's file name → the text that it should have."""
    return {name: page(root) for name, page in PAGES.items()}


def main() -> None:
    """Writes the pages that are not as they should be; exits with 1 under --check if there are any."""
    folder = ROOT / "docs" / "reference"
    stale = [
        name
        for name, text in made().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        sys.exit(f"run `make docs`: {', '.join(stale)} differ from the source" if stale else 0)
    folder.mkdir(exist_ok=True)
    for name in stale:
        (folder / name).write_text(PAGES[name](ROOT), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
