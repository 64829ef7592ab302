"""What simulated studies came to, one CSV row a cell and measure: a simulation can be stopped, continued and read."""

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from validity_worlds import World

FIELDS = ("study", "items", "systems", "ties", "grouping", "document", "cell", "measure", "runs", "mean", "error")
COST = ("", "cpu seconds")  # its number of runs is the number of studies, hence the next study's number


@dataclass(frozen=True)
class Key:
    """What identifies one figure."""

    study: str
    world: World
    cell: str
    measure: str


@dataclass(frozen=True)
class Figure:
    """A mean over `runs` studies; `squares` is the mean of squares."""

    runs: int
    mean: float
    squares: float

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of the mean."""
        return math.sqrt(max(0.0, self.squares - self.mean**2) / self.runs)

    def plus(self, other: "Figure") -> "Figure":
        """Both together."""
        runs = self.runs + other.runs
        return Figure(
            runs,
            (self.runs * self.mean + other.runs * other.mean) / runs,
            (self.runs * self.squares + other.runs * other.squares) / runs,
        )


@dataclass
class Tally:
    """All figures so far."""

    figures: dict[Key, Figure] = field(default_factory=dict)

    def add(self, study: str, world: World, measures: Mapping[tuple[str, str], float]) -> None:
        """One study more."""
        for (cell, measure), value in measures.items():
            self._put(Key(study, world, cell, measure), Figure(1, value, value * value))

    def merge(self, other: "Tally") -> None:
        """The figures of another tally, added to these."""
        for key, figure in other.figures.items():
            self._put(key, figure)

    def _put(self, key: Key, figure: Figure) -> None:
        known = self.figures.get(key)
        self.figures[key] = figure if known is None else known.plus(figure)

    def runs(self, study: str, world: World) -> int:
        """How many studies there were."""
        figure = self.figures.get(Key(study, world, *COST))
        return figure.runs if figure else 0

    def cost(self, study: str, world: World) -> float | None:
        """CPU seconds of a study."""
        figure = self.figures.get(Key(study, world, *COST))
        return figure.mean if figure else None

    def write(self, path: Path) -> None:
        """Writes the CSV whole, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(FIELDS)
            for key, figure in sorted(self.figures.items(), key=lambda item: _order(item[0])):
                w = key.world
                place = (key.study, w.items, w.systems, w.ties, w.grouping, w.document, key.cell, key.measure)
                writer.writerow([*place, figure.runs, _short(figure.mean), _short(figure.error)])
        os.replace(part, path)

    @classmethod
    def read(cls, path: Path) -> "Tally":
        """The tally of a CSV; an empty one where there is none. Indicators come back exactly, other figures to seven digits."""
        found = cls()
        if not path.exists():
            return found
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                world = World(int(row["items"]), int(row["systems"]), float(row["ties"]), row["grouping"], int(row["document"]))
                runs, mean, error = int(row["runs"]), float(row["mean"]), float(row["error"])
                figure = Figure(runs, mean, mean**2 + error**2 * runs)
                found.figures[Key(row["study"], world, row["cell"], row["measure"])] = figure
        return found


def _order(key: Key) -> tuple:
    w = key.world
    return key.study, w.grouping, w.document, w.systems, w.items, w.ties, key.cell, key.measure


def _short(value: float) -> str:
    return f"{value:.7g}"
