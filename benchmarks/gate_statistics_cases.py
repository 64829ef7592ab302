"""Writes the frozen cases of the statistics (configs/gate/statistics): judged sets that make every way of counting count.

python benchmarks/gate_statistics_cases.py FOLDER [CASE ...]

They were drawn once with fixed seeds and then frozen: run this only to see how they came about, or to make cases under new names.
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the modules beside this script, also where it is loaded by its path

from gate_cases_choices import judges, preferences, rankings
from gate_cases_corners import corners
from gate_cases_drawing import Item
from gate_cases_ratings import mixed, raters, references, slices
from gate_cases_shapes import degenerate, large, many, one_cluster, unequal, uneven_systems


def main(arguments: list[str]) -> None:
    """Writes the cases that are named, or all."""
    folder, names = Path(arguments[0]), arguments[1:] or list(CASES)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        lines = CASES[name](random.Random(name))
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        print(f"{path}: {len(lines) - 1} items, {path.stat().st_size:,} bytes")


CASES: dict[str, Callable[[random.Random], list[Item]]] = {
    "mixed": mixed,
    "slices": slices,
    "raters": raters,
    "references": references,
    "preferences": preferences,
    "judges": judges,
    "rankings": rankings,
    "degenerate": degenerate,
    "one-cluster": one_cluster,
    "large": large,
    "unequal": unequal,
    "uneven-systems": uneven_systems,
    "many": many,
    "corners": corners,
}

if __name__ == "__main__":
    main(sys.argv[1:])
