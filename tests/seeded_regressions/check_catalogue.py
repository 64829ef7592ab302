"""Checks the frozen catalogue, and tries its changes one at a time in a copy of the repository.

    python tests/seeded_regressions/check_catalogue.py                          # every text once, every change compiles
    python tests/seeded_regressions/check_catalogue.py --try COPY [NAME …]      # what each change moves in the probe

COPY is a clone that is checked out at the catalogue's commit; its files are changed and put back.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FROZEN = {"catalogue.yaml": ("regressions", 30), "harmless.yaml": ("changes", 10)}
FIELDS = ("name", "what", "file", "old", "new", "metrics", "signature")
_BERTSCORE = ("bertscore", "embedding", "encoders", "packed", "padded")


def read(name: str) -> dict[str, Any]:
    """One of the frozen files."""
    found: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def entries() -> list[dict[str, Any]]:
    """Every change, the regressions first."""
    return [entry for name, (key, _) in FROZEN.items() for entry in read(name)[key]]


def blob(data: bytes) -> str:
    """git's name of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def frozen_text(file: str) -> str | None:
    """The file as it was at the catalogue's commit: where it has not changed the one at hand, else git's, None without."""
    kept = {file: name for document in map(read, FROZEN) for file, name in document["files"].items()}[file]
    path = ROOT / file
    data = path.read_bytes() if path.is_file() else b""
    if blob(data) != kept:
        try:
            data = subprocess.run(["git", "cat-file", "blob", kept], cwd=ROOT, capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
    return data.decode()


def problems(entry: dict[str, Any], text: str) -> Iterator[str]:
    """What is wrong with a change of this text of its file."""
    for field in FIELDS:
        if not entry.get(field) and not (field == "new" and entry.get(field) == ""):
            yield f"{entry.get('name')}: {field} is empty"
    times = text.count(entry["old"])
    if times != 1:
        yield f"{entry['name']}: its text occurs {times} times in {entry['file']}"
        return
    try:
        compile(text.replace(entry["old"], entry["new"]), entry["file"], "exec")
    except SyntaxError as error:
        yield f"{entry['name']}: {error}"


def group_of(entry: dict[str, Any]) -> str:
    """The part of the probe that a change can move."""
    path = Path(entry["file"])
    if path.stem in _BERTSCORE:
        return "bert"
    known = {"score": "stage", "recorded": "recorded"}.get(path.stem)
    return known or {"meta": "meta", "judges": "judge"}.get(path.parent.name, "text")


def probed(copy: Path, group: str) -> dict[str, Any]:
    """The probe's numbers with the copy's code; a cache of its own each time, since a cache hides what has changed."""
    with tempfile.TemporaryDirectory() as cache:
        own = {"PYTHONPATH": f"{copy}{os.pathsep}{copy / 'plugins'}", "HARNESS_CACHE": cache, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(HERE / "probe.py"), str(copy), group]
        done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr[-300:]}
    return found


def try_changes(copy: Path, names: set[str]) -> None:
    """Prints how many numbers each change moves, and the first three."""
    before: dict[str, dict[str, Any]] = {}
    for entry in entries():
        if names and entry["name"] not in names:
            continue
        group, path = group_of(entry), copy / entry["file"]
        if group not in before:
            before[group] = probed(copy, group)
        text = path.read_text(encoding="utf-8")
        try:
            path.write_text(text.replace(entry["old"], entry["new"]), encoding="utf-8")
            after = probed(copy, group)
        finally:
            path.write_text(text, encoding="utf-8")
        keys = before[group].keys() | after.keys()
        moved = sorted(key for key in keys if repr(before[group].get(key)) != repr(after.get(key)))
        print(
            f"{entry['name']}: {len(moved)} moved",
            *(f"  {k}: {before[group].get(k)} → {after.get(k)}" for k in moved[:3]),
            sep="\n",
        )


def main() -> int:
    if sys.argv[1:2] == ["--try"]:
        try_changes(Path(sys.argv[2]).resolve(), set(sys.argv[3:]))
        return 0
    wrong = []
    for entry in entries():
        text = frozen_text(entry["file"])
        wrong += (
            [f"{entry['name']}: {entry['file']} has changed, and git does not hold it"] if text is None else problems(entry, text)
        )
    print(*wrong, f"{len(entries())} changes, {len(wrong)} problems", sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
