"""How often the gate's live check of a judge is wrong, and how many answers it takes: simulated judges.

python benchmarks/gate_sequential.py [--runs 5000] [--sample 40] [--write]

A judge's live scores differ from the recorded ones by a share of their range, from 0 to 1, answer after answer; the gate's own
test (`harness.gate.sequential`) looks at each. "Drifted" is false where the mean difference is at most what is allowed, "same"
where it is at least what is too much. The differences are all or nothing (another verdict), halves (a step of a scale of three),
graded, or drawn without replacement from as many answers as were recorded. `--write` writes docs/reference/gate-sequential.md.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gate_pages import interval as exact

from harness.gate.judges_config import Drift
from harness.gate.sequential import Test, excluded
from harness.meta.pairs import Floats

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "gate-sequential.md"
ERROR = 0.05
MEANS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6)
RECORDED = 200  # answers, of those kinds that are drawn without replacement

Draw = Callable[[np.random.Generator, float, int], Floats]


@dataclass(frozen=True)
class Kind:
    """How differences with a given mean are distributed."""

    name: str
    draw: Draw


def all_or_nothing(rng: np.random.Generator, mean: float, n: int) -> Floats:
    """Another verdict, or the same."""
    return (rng.random(n) < mean).astype(float)


def halves(rng: np.random.Generator, mean: float, n: int) -> Floats:
    """A step of a scale of three, or two where the mean asks for it."""
    share = min(1.0, 2 * mean)
    moved = rng.random(n) < share
    return np.where(moved, np.where(rng.random(n) < 2 * mean / share - 1, 1.0, 0.5) if share else 0.0, 0.0)


def graded(rng: np.random.Generator, mean: float, n: int) -> Floats:
    """A little on every answer, as expectations move."""
    return np.zeros(n) if not mean else rng.beta(2 * mean, 2 * (1 - mean), n)


def small_noise(rng: np.random.Generator, mean: float, n: int) -> Floats:
    """The same little difference on every answer, and nothing by chance."""
    return np.full(n, mean)


def finite(rng: np.random.Generator, mean: float, n: int) -> Floats:
    """All or nothing, drawn without replacement from the recorded answers, of which exactly that share has changed."""
    changed = np.arange(RECORDED) < round(mean * RECORDED)
    return rng.permutation(changed)[:n].astype(float)


KINDS = (
    Kind("all or nothing", all_or_nothing),
    Kind("halves", halves),
    Kind("graded", graded),
    Kind("the same on each", small_noise),
    Kind(f"without replacement, of {RECORDED}", finite),
)


@dataclass(frozen=True)
class Outcome:
    """What became of the runs of one line."""

    drifted: int
    same: int
    runs: int
    answers: float


def outcome(kind: Kind, mean: float, runs: int, sample: int, seed: int = 0) -> Outcome:
    """How the test ends, over `runs` judges with that mean difference, and how many answers it asked about in the mean."""
    rng = np.random.default_rng([seed, KINDS.index(kind), round(1000 * mean)])
    known = Drift()
    drifted = same = answers = 0
    for _ in range(runs):
        test = Test(known.allowed, known.too_much, alpha=ERROR, beta=ERROR)
        for difference in kind.draw(rng, mean, sample).tolist():
            if test.add(difference) is not None:
                break
        drifted += test.decision == "drifted"
        same += test.decision == "same"
        answers += len(test.seen)
    return Outcome(drifted, same, runs, answers / runs)


def uncovered(kind: Kind, mean: float, runs: int, sample: int, seed: int = 1) -> int:
    """In how many runs the interval leaves the mean out at any moment: the one at the end is that of all moments at once."""
    rng = np.random.default_rng([seed, KINDS.index(kind), round(1000 * mean)])
    missed = 0
    for _ in range(runs):
        missed += bool(excluded(kind.draw(rng, mean, sample).tolist(), np.array([mean]))[0])
    return missed


def share(count: int, of: int) -> str:
    """A share in per cent with its exact 95 % interval (Clopper–Pearson)."""
    low, high = exact(count, of)
    return f"{100 * count / of:.2f} [{100 * low:.2f}, {100 * high:.2f}]"


def page(runs: int, sample: int) -> str:
    """The page's text."""
    known = Drift()
    rule = f"{known.allowed:g} is allowed, {known.too_much:g} is too much, both errors at most {100 * ERROR:g} %"
    lines = [
        "<!-- Made by `python benchmarks/gate_sequential.py --write`; change the script, or run it again. -->",
        "",
        "# How sure the gate's live check of judges is",
        "",
        "`harness gate --live N` stops as soon as it is known whether a judge drifted "
        f"([how](../explanation/gate.md#a-judge-asked-for-real)). {runs:,} simulated judges a line, at most {sample} answers "
        f"each; {rule}. In brackets exact 95 % intervals. A false word is **bold**: “drifted” where no more differs than is "
        "allowed, “same” where too much does. In between either word is right, and so is none.",
        "",
        "| differences | mean | said “drifted”, % | said “same”, % | not known, % | answers asked about |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        for mean in MEANS:
            found = outcome(kind, mean, runs, sample)
            drifted, same = share(found.drifted, runs), share(found.same, runs)
            open_ = 100 * (runs - found.drifted - found.same) / runs
            drifted = f"**{drifted}**" if mean <= known.allowed else drifted
            same = f"**{same}**" if mean >= known.too_much else same
            lines.append(f"| {kind.name} | {mean:g} | {drifted} | {same} | {open_:.1f} | {found.answers:.1f} |")
    least = Test(known.allowed, known.too_much, alpha=ERROR, beta=ERROR).least
    few = runs
    lines += [
        "",
        f"“Same” takes at least {least} answers, where none of them differs. The interval that is told with the mean is of all "
        f"moments at once; over {few:,} judges it left the mean out, at any of {sample} answers, in:",
        "",
        "| differences | " + " | ".join(f"mean {mean:g}" for mean in MEANS[2:6]) + " |",
        "| --- |" + " --- |" * 4,
    ]
    for kind in KINDS:
        cells = " | ".join(share(uncovered(kind, mean, few, sample), few) for mean in MEANS[2:6])
        lines.append(f"| {kind.name} | {cells} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Prints the page, and writes it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5000, help="simulated judges a line")
    parser.add_argument("--sample", type=int, default=40, help="answers at most")
    parser.add_argument("--write", action="store_true", help="write docs/reference/gate-sequential.md")
    options = parser.parse_args()
    text = page(options.runs, options.sample)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
