"""Are the statistics right? Simulated studies with known truth: sizes of tests, coverage of intervals, bias, families, ranks,
human level.

python benchmarks/validity.py [--minutes 8] [--processes 1] [--write]     as many studies as fit; adds to what there is
python benchmarks/validity.py --full [--processes 2] [--write]            2,000 studies of every cell: see the page for what
that takes

Every study has a number, which is its seed. Figures are kept in benchmarks/results/validity.csv; a simulation may be stopped at
any time and goes on where it stopped. `--write` makes docs/explanation/validity.md of them, all cells, with Monte-Carlo errors.
`--fresh` forgets earlier figures (after a change of a definition).
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the modules beside this script, also where it is loaded by its path

import validity_more as more
import validity_pairs as pairs
from validity_page import page
from validity_plans import Plan, plans
from validity_tally import COST, Tally
from validity_worlds import World

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "validity.md"
ITEMS, SYSTEMS, TIES = (50, 200, 1000), (5, 15), (0.1, 0.35, 0.6)
WANTED = 2000
BLOCKS = 0.5, 8.0  # seconds that a block of studies takes: a fifth of what the world has taken, between these
Study = Callable[[World, Plan, int], pairs.Measures]

STUDIES: dict[str, tuple[float, Study]] = {  # name → its share of the time by default, and what is done
    "pairs": (1.0, pairs.study),
    "groupings": (0.15, partial(pairs.study, relations=("exchangeable", "patchy", "small"))),
    "swaps": (0.1, pairs.swaps),
    "documents": (0.4, partial(pairs.study, relations=("exchangeable", "patchy", "small"))),
    "documents, items resampled": (0.25, partial(pairs.study, relations=("exchangeable", "patchy", "small"), clusters="item")),
    "few items": (0.6, partial(pairs.study, relations=("exchangeable", "patchy"))),
    "family": (0.5, more.family),
    "human": (0.3, more.human),
    "whole systems": (0.25, more.whole_systems),
    "grid": (0.15, more.grid),
    "scope": (0.2, more.scope),
}


@dataclass(frozen=True)
class Job:
    """A study in a world, to be repeated."""

    study: str
    world: World


def main() -> None:
    """Simulates, writes the figures, and prints what is outside its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8, help="stop after this time (default: 8)")
    parser.add_argument("--full", action="store_true", help="go on until every cell has its runs")
    parser.add_argument("--runs", type=int, default=WANTED, help="studies of a cell (default: 2000)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], choices=STUDIES, metavar="STUDY", help=f"of: {', '.join(STUDIES)}")
    parser.add_argument("--items", type=int, nargs="*", default=[], help="only worlds of these sizes")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where validity.csv and validity-truth.json lie")
    parser.add_argument("--fresh", action="store_true", help="forget the figures of the studies that are run")
    parser.add_argument("--write", action="store_true", help="make the page of the documentation")
    arguments = parser.parse_args()
    chosen = [job for job in jobs() if not arguments.only or job.study in arguments.only]
    chosen = [job for job in chosen if not arguments.items or job.world.items in arguments.items]
    tally = Tally.read(arguments.results / "validity.csv")
    if arguments.fresh:
        names = {job.study for job in chosen}
        tally = Tally({key: figure for key, figure in tally.figures.items() if key.study not in names})
    known = plans(list(dict.fromkeys(job.world for job in chosen)), arguments.results / "validity-truth.json")
    until = math.inf if arguments.full else time.monotonic() + 60 * arguments.minutes
    simulate(chosen, known, tally, arguments.results / "validity.csv", arguments.runs, until, arguments.processes)
    text = page(tally, known)
    print(text[: text.index("<details>")] if "<details>" in text else text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")


def jobs() -> list[Job]:
    """Every study in every world it is done in."""
    item = [World(items, systems, ties) for items in ITEMS for systems in SYSTEMS for ties in TIES]
    sizes = {"system": [(50, 5), (50, 15), (200, 5), (200, 15)], "none": [(50, 5), (50, 15), (200, 5)]}
    grouped = [World(*size, ties, grouping) for grouping, some in sizes.items() for size in some for ties in TIES]
    documents = [World(items, 5, ties, document=5) for items in (200, 1000) for ties in TIES]
    few = [World(items, 5, 0.35) for items in (20, 30, 40, 75, 100, 150, 300)]
    worlds: Mapping[str, Sequence[World]] = {"groupings": grouped, "few items": few}
    return [
        Job(study, world)
        for study in STUDIES
        for world in (documents if study.startswith("documents") else worlds.get(study, item))
    ]


def simulate(
    chosen: Sequence[Job], known: Mapping[World, Plan], tally: Tally, path: Path, wanted: int, until: float, processes: int
) -> None:
    """Repeats studies until each has `wanted` runs or time is up; runs are spread by what a study costs."""
    waiting = set(chosen)
    with ProcessPoolExecutor(processes) as pool:
        busy: dict[Future[Tally], Job] = {}
        written = time.monotonic()
        while True:
            free = [job for job in waiting if tally.runs(job.study, job.world) < wanted and job not in busy.values()]
            while free and len(busy) < processes and time.monotonic() < until:
                job = min(free, key=lambda one: (_progress(tally, one), one.world.label, one.study))
                free.remove(job)
                done, cost = tally.runs(job.study, job.world), tally.cost(job.study, job.world)
                seconds = min(max(BLOCKS[0], done * (cost or 0.0) / 5), BLOCKS[1])
                count = 1 if cost is None else min(wanted - done, max(1, int(seconds / cost)))
                busy[pool.submit(block, job, known[job.world], done, count)] = job
            if not busy:
                break
            finished, _ = wait(busy, return_when=FIRST_COMPLETED)
            for future in finished:
                del busy[future]
                tally.merge(future.result())
            if time.monotonic() - written > 20 or not busy:
                tally.write(path)
                written = time.monotonic()
    tally.write(path)


def block(job: Job, plan: Plan, first: int, count: int) -> Tally:
    """The studies number first, first + 1, … of a job."""
    found = Tally()
    for run in range(first, first + count):
        started = time.process_time()
        measures = STUDIES[job.study][1](job.world, plan, run)
        found.add(job.study, job.world, measures)
        found.add(job.study, job.world, {COST: time.process_time() - started})
    return found


def _progress(tally: Tally, job: Job) -> float:
    """Smallest is next: runs in proportion to a study's share over the root of what it costs (Neyman's allocation)."""
    cost = tally.cost(job.study, job.world)
    return 0.0 if cost is None else tally.runs(job.study, job.world) * math.sqrt(cost) / STUDIES[job.study][0]


if __name__ == "__main__":
    main()
