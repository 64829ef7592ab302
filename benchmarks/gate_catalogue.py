"""Which of the frozen seeded regressions `harness gate` catches, and which harmless changes it lets pass.

    python benchmarks/gate_catalogue.py [--run NAME] [--only NAME …] [--sample N] [--processes 2] [--whole] [--page]

Each entry of tests/seeded_regressions/{catalogue,harmless}.yaml is applied, one at a time, to the real code in a copy of the
repository at HEAD, and the real `harness gate` is run there: caught (exit code not 0), and is what the entry calls good words for
a message in what it printed? Results go to benchmarks/results/gate_catalogue.json after each entry; a run that was cut off goes
on. A run that is whole is frozen: `--run NAME` begins another, and docs/reference/gate-catalogue.md shows the first and the last.

For speed the gate looks first at what can reach the changed file (`-m`, `--check`: see SCOPES). Where that catches nothing of a
regression, the whole gate is run at the end, before it is called missed. `--whole` runs the whole gate for everything.
"""

import argparse
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import yaml
from gate_copies import PASSED, ROOT, Copy, head

FROZEN = ROOT / "tests" / "seeded_regressions"
RESULTS = ROOT / "benchmarks" / "results" / "gate_catalogue.json"
_KEPT = 1500  # characters of what the gate printed
_NOT_AT_FIRST = ("statistics", "judge", "cost", "determinism")  # beginnings of the names of checks that cost most
SCOPES = (  # a file's beginning → beginning of the checks that reach it, "" for metrics' own; words of metrics' labels
    ("plugins/harness_plugins/judges/", "judge", ()),
    ("harness/meta/", "statistics", ()),
    ("plugins/harness_plugins/metrics/rouge", "", ("rouge",)),
    ("plugins/harness_plugins/metrics/words", "", ("rouge",)),
    ("plugins/harness_plugins/metrics/folding", "", ("rouge",)),
    ("plugins/harness_plugins/metrics/lcs", "", ("rouge",)),
    ("plugins/harness_plugins/metrics/sacre", "", ("chrf", "bleu")),
    ("plugins/harness_plugins/metrics/batches", "", ("rouge", "chrf", "bleu")),
    ("plugins/harness_plugins/metrics/recorded", "", ("recorded",)),
    ("plugins/harness_plugins/metrics/", "", ("bertscore",)),
    ("harness/text/", "", ("rouge", "chrf", "bleu")),
    ("harness/stages/", "statistics", ()),
)


def entries() -> list[dict[str, Any]]:
    """The frozen entries, regressions first; `harmless` says which list an entry is of."""
    found = []
    for name, key in (("catalogue.yaml", "regressions"), ("harmless.yaml", "changes")):
        document = yaml.safe_load((FROZEN / name).read_text(encoding="utf-8"))
        found += [{**entry, "harmless": key == "changes"} for entry in document[key]]
    return found


def tried(copy: Copy, entry: dict[str, Any], whole: bool = False) -> dict[str, Any]:
    """What the gate made of an entry: a row of the results."""
    path = copy.folder / entry["file"]
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    row = {"name": entry["name"], "harmless": entry["harmless"], "applies": text.count(entry["old"]) == 1}
    if not row["applies"]:
        return row
    stages = [[]] if whole else [*_named(copy, entry), scope(copy, entry["file"])]
    with copy.changed(entry["file"], text.replace(entry["old"], entry["new"])):
        for options in stages:
            run = copy.gate(options, changed=entry["file"])
            if run.code != PASSED:
                break
    said = run.text.casefold()  # without progress, which names every metric
    return row | {
        "caught": run.code != PASSED,
        "code": run.code,
        "lacks": [word for word in entry.get("names", ()) if word.casefold() not in said],
        "whole": not options,
        "cpu": round(run.cpu, 1),
        "wall": round(run.wall, 1),
        "said": (run.text.strip() or run.errors.strip()[-_KEPT:]).replace(f"{ROOT}/", "")[:_KEPT],
    }


def scope(copy: Copy, file: str) -> list[str]:
    """The options that leave out what cannot reach the file; [] for the whole gate."""
    for start, beginning, words in SCOPES:
        if file.startswith(start):
            known, labels = _known(copy)
            unasked = () if beginning else _NOT_AT_FIRST
            named = [name for name in known if name.startswith(beginning) and not name.startswith(unasked)]
            chosen = [label for label in labels if any(word in label for word in words)]
            if not named or (words and not chosen):
                return []
            return [part for check in named for part in ("--check", check)] + [part for one in chosen for part in ("-m", one)]
    return []


def _named(copy: Copy, entry: dict[str, Any]) -> list[list[str]]:
    """One scope less wide, of the slow metrics that the entry names, where there are some; none for a harmless change."""
    options = scope(copy, entry["file"])
    if entry["harmless"] or "-m" not in options or "bertscore" not in entry["file"] + "".join(entry["metrics"]):
        return []
    start = options.index("-m")
    name, _, params = entry["metrics"][0].partition(":")
    wanted = {name, *params.split(",")} - {""}
    named = [label for label in options[start + 1 :: 2] if wanted <= set(label.replace(":", ",").split(","))]
    return [[*options[:start], "-m", min(named, key=len)]] if named else []


def _known(copy: Copy) -> tuple[list[str], list[str]]:
    """The names of the copy's checks and the labels of its gate's metrics."""
    program = (
        "import json; from harness.gate.checks import CHECKS; from harness.gate.config import load_gate; "
        "print(json.dumps([list(CHECKS), [str(ref) for ref in load_gate('configs/gate/gate.yaml').metrics]]))"
    )
    held = copy.folder / ".known.json"
    if not held.is_file():
        environment = copy.environment(copy.folder, copy.folder)
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=copy.folder, env=environment, capture_output=True, text=True, check=True)
        held.write_text(done.stdout)
    checks, labels = json.loads(held.read_text())
    return checks, labels


def run_all(
    chosen: Sequence[dict[str, Any]],
    commit: str,
    keep: Callable[[dict[str, Any]], None],
    *,
    processes: int,
    whole: bool = False,
    confirm: bool = True,
) -> None:
    """Tries the entries, as many at a time as there are copies; SystemExit where the gate fails on the code as it is."""
    folder = Path(tempfile.gettempdir()) / f"gate-catalogue-{os.getuid()}-{commit[:12]}"
    copies: SimpleQueue[Copy] = SimpleQueue()
    for copy in ready(folder, commit, processes):
        copies.put(copy)
    lock = threading.Lock()
    uncaught: list[dict[str, Any]] = []

    def one(entry: dict[str, Any], everything: bool) -> None:
        copy = copies.get()
        try:
            row = tried(copy, entry, everything)
        finally:
            copies.put(copy)
        with lock:
            if confirm and row["applies"] and not (row["caught"] or row["harmless"] or row["whole"]):
                print(f"not caught by what can reach it: {row['name']}; the whole gate is run at the end", flush=True)
                uncaught.append(entry)
            else:
                keep(row)

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(lambda entry: one(entry, whole), chosen))
        list(pool.map(lambda entry: one(entry, True), tuple(uncaught)))


def ready(folder: Path, commit: str, number: int) -> list[Copy]:
    """Copies in the folder, once the gate has passed in one of them unchanged; they start with what numba compiled in it."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)  # until this process ends
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SystemExit(f"another process works in {folder}; wait for it, or end it") from error
    first, passed = Copy(folder / "copy-0", commit), folder / "passed"
    if not passed.is_file():
        run = first.gate()
        if run.code != PASSED:
            raise SystemExit(
                f"the gate does not pass on the code as it is ({commit}), so nothing can be told:\n{run.text}{run.errors}"
            )
        passed.write_text(f"{run.cpu:.1f} s of CPU, {run.wall:.1f} s\n{run.text}")
    return [first, *(first.twin(folder / f"copy-{place}") for place in range(1, number))]


def read_results() -> list[dict[str, Any]]:
    """The runs that were kept, the oldest first."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else []


def main() -> None:
    """Runs what is asked for and is not yet there, prints a line each, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", metavar="NAME", help="name of the run (default: the last one that is not whole, else the time)")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="only these entries; nothing is kept")
    parser.add_argument(
        "--under", nargs="*", default=[""], metavar="PATH", help="only entries whose file begins so; others later"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="every so manieth entry, N in all; nothing is kept")
    parser.add_argument("--processes", type=int, default=2, help="copies that are tried at a time (default: 2)")
    parser.add_argument("--whole", action="store_true", help="the whole gate at once for everything")
    parser.add_argument("--quick", action="store_true", help="missed by what can reach it is missed: no whole gate at the end")
    parser.add_argument("--commit", default="HEAD", help="the code to change (default: HEAD)")
    parser.add_argument("--page", action="store_true", help="only write docs/reference/gate-catalogue.md of what was kept")
    arguments = parser.parse_args()
    if not arguments.page:
        _run(arguments)
    if arguments.page or not (arguments.only or arguments.sample):
        import gate_pages

        gate_pages.write_catalogue(read_results(), {entry["name"]: entry for entry in entries()})


def _run(arguments: argparse.Namespace) -> None:
    everything = entries()
    if arguments.only or arguments.sample:
        chosen = [entry for entry in everything if entry["name"] in arguments.only] if arguments.only else everything
        if arguments.sample:
            chosen = chosen[:: max(1, len(chosen) // arguments.sample)][: arguments.sample]
        commit = head(arguments.commit)
        run_all(chosen, commit, lambda row: print(line(row), flush=True), processes=arguments.processes, whole=arguments.whole)
        return
    runs = read_results()
    open_runs = [run for run in runs if len(run["entries"]) < len(everything)]
    name = arguments.run or (open_runs[-1]["name"] if open_runs else datetime.now(UTC).strftime("%Y-%m-%d %H:%M"))
    current = next((run for run in runs if run["name"] == name), None)
    if current is not None and len(current["entries"]) == len(everything):
        raise SystemExit(f"the run {name!r} is whole and frozen; name another with --run")
    commit = head(arguments.commit)
    done = {row["name"] for row in current["entries"]} if current else set()

    def keep(row: dict[str, Any]) -> None:
        print(line(row), flush=True)
        with (Path(tempfile.gettempdir()) / f"gate-catalogue-{os.getuid()}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another process may try other entries meanwhile
            told = read_results()
            run = next((run for run in told if run["name"] == name), None)
            if run is None:
                run = {"name": name, "date": datetime.now(UTC).date().isoformat(), "entries": []}
                told.append(run)
            run["entries"].append({**row, "commit": commit})
            unfinished = RESULTS.with_suffix(".part")
            unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            unfinished.replace(RESULTS)

    left = [entry for entry in everything if entry["name"] not in done and entry["file"].startswith(tuple(arguments.under))]
    run_all(left, commit, keep, processes=arguments.processes, whole=arguments.whole, confirm=not arguments.quick)


def line(row: dict[str, Any]) -> str:
    """A row for the terminal."""
    if not row["applies"]:
        return f"DOES NOT APPLY  {row['name']}"
    good = row["caught"] != row["harmless"]
    word = ("caught" if good else "MISSED") if not row["harmless"] else ("passes" if good else "FALSE ALARM")
    lacks = f", message lacks {', '.join(row['lacks'])}" if row["caught"] and row["lacks"] and not row["harmless"] else ""
    return f"{word:12} {row['name']} (exit {row['code']}, {row['wall']:.0f} s{lacks})"


if __name__ == "__main__":
    os.nice(5)
    main()
