"""Jobs beside their peers: taken in turn, medians of five, equal results, one line each, and a table the documentation shows.

A script of this folder makes `Job`s and calls `main(jobs)`; every such script then understands

python benchmarks/SCRIPT.py [--rounds 5] [--only WORD …] [--write]

`--write` puts the figures into `benchmarks/results/SCRIPT.json`; `python benchmarks/side_by_side.py` makes
`docs/reference/benchmarks.md` of all these files.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"


@dataclass(frozen=True)
class Job:
    """One job, done by the harness and by a peer on the same input in the same process.

    `ours` and `peer` take nothing and return what `equal(ours, peer)` compares: it returns a sentence such as "largest
    difference 2e-16", and raises AssertionError where the two disagree. `units`: how many of `unit` one call does, for the rates.
    `peer_units` where the peer is given a part of the work (`note` must say so), else None. `at_least`: the ratio asked for.
    """

    name: str
    peer_name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    equal: Callable[[Any, Any], str]
    units: int
    unit: str
    at_least: float | None = None
    peer_units: int | None = None
    rounds: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """What came of a job: rates (units a second, medians), the ratio of rates (median, smallest, largest round)."""

    job: str
    peer: str
    ours_per_second: float
    peer_per_second: float
    unit: str
    ratio: float
    ratio_low: float
    ratio_high: float
    at_least: float | None
    rounds: int
    equality: str
    note: str = ""


Figures = Callable[[], Sequence[dict[str, Any]]]


def main(jobs: Sequence[Job], description: str, script: str, more: Figures | Mapping[str, Figures] | None = None) -> None:
    """Runs the jobs that the command line asks for and prints a line each.

    `more` yields further figures (no peer) to keep; by name, where each can be asked for by itself.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each job (default: 5)")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="only jobs whose name holds one of these")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()

    def chosen(name: str) -> bool:
        return not arguments.only or any(word in name for word in arguments.only)

    named: Mapping[str, Figures] = {} if more is None else more if isinstance(more, Mapping) else {"": more}
    names = [*(job.name for job in jobs), *named]
    if not any(map(chosen, names)):
        parser.error(f"no job's name holds {' or '.join(arguments.only)}; there are: {'; '.join(names)}")
    found = []
    for job in filter(lambda job: chosen(job.name), jobs):
        found.append(measure(job, job.rounds or arguments.rounds))
        print(line(found[-1]), flush=True)
    figures = []
    for make in [make for name, make in named.items() if chosen(name)]:
        for figure in make():
            figures.append(figure)
            print(f"{figure['job']}: {figure['value']}", flush=True)
    if arguments.write:
        write(script, [asdict(one) for one in found], figures)


def measure(job: Job, rounds: int) -> Measured:
    """One round warms both up and compares what they return; then they take turns, so that a busy machine slows both alike."""
    equality = job.equal(job.ours(), job.peer())
    ours, peer = [], []
    for number in range(rounds):
        first, second = (ours, peer) if number % 2 == 0 else (peer, ours)
        first.append(_seconds(job.ours if first is ours else job.peer))
        second.append(_seconds(job.ours if second is ours else job.peer))
    peer_units = job.peer_units or job.units
    ratios = [(job.units / mine) / (peer_units / theirs) for mine, theirs in zip(ours, peer, strict=True)]
    return Measured(
        job.name,
        job.peer_name,
        job.units / statistics.median(ours),
        peer_units / statistics.median(peer),
        job.unit,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        job.at_least,
        rounds,
        equality,
        job.note,
    )


def line(found: Measured) -> str:
    """A job in one line."""
    wanted = (
        "" if found.at_least is None else f" (wanted ≥ {found.at_least:g}: {'yes' if found.ratio >= found.at_least else 'NO'})"
    )
    spread = f"[{found.ratio_low:.2f}–{found.ratio_high:.2f} in {found.rounds} rounds]"
    return (
        f"{found.job}: {found.ratio:.2f} × {found.peer} {spread}{wanted}; "
        f"{found.ours_per_second:,.4g} against {found.peer_per_second:,.4g} {found.unit}/s; {found.equality}"
        + (f"; {found.note}" if found.note else "")
    )


def version(package: str) -> str:
    """`package 1.2.3`, as installed."""
    return f"{package} {metadata.version(package)}"


def write(script: str, jobs: Sequence[dict[str, Any]], figures: Sequence[dict[str, Any]] = ()) -> Path:
    """Keeps the figures of a script; a job that was not run this time keeps its earlier figures."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{script}.json"
    kept = json.loads(path.read_text()) if path.exists() else {"jobs": [], "figures": []}
    here = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), "python": sys.version.split()[0]}
    for key, rows in (("jobs", jobs), ("figures", figures)):
        new = {(row["job"], row.get("peer")): row | here for row in rows}
        kept[key] = [new.pop((row["job"], row.get("peer")), row) for row in kept[key]] + list(new.values())
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return path


def page() -> str:
    """The documentation's page of all figures that are kept."""
    parts = [
        "# Benchmarks",
        "",
        "Every job beside its peer, in one process, on the same input, results compared first, the two taking turns; medians. "
        "Ratios hold better than rates: the machine is small and shared (2 cores). A ratio of 3 means three times as fast as the "
        "peer; the smallest and the largest round stand in brackets. Each table names the command that makes it.",
    ]
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text())
        if "jobs" not in kept:
            continue  # what another page shows
        parts += ["", f"## `python benchmarks/{path.stem}.py`"]
        if kept["jobs"]:
            parts += [
                "",
                "| job | peer | ratio | wanted | harness | peer | results | measured |",
                "|---|---|---|---|---|---|---|---|",
            ]
            parts += [_job_row(row) for row in kept["jobs"]]
        if kept["figures"]:
            parts += ["", "| figure | value | measured |", "|---|---|---|"]
            parts += [f"| {row['job']} | {row['value']} | {_when(row)} |" for row in kept["figures"]]
    return "\n".join(parts) + "\n"


def _job_row(row: dict[str, Any]) -> str:
    ratio = f"**{row['ratio']:.3g}** [{row['ratio_low']:.3g}–{row['ratio_high']:.3g}]"
    wanted = "" if row["at_least"] is None else f"≥ {row['at_least']:g}"
    rates = [f"{row[key]:,.4g} {row['unit']}/s" for key in ("ours_per_second", "peer_per_second")]
    said = row["equality"] + (f"; {row['note']}" if row["note"] else "")
    return f"| {row['job']} | {row['peer']} | {ratio} | {wanted} | {rates[0]} | {rates[1]} | {said} | {_when(row)} |"


def _when(row: dict[str, Any]) -> str:
    rounds = f", {row['rounds']} rounds" if "rounds" in row else ""
    return f"{row['date']}, {row['cores']} cores{rounds}"


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
