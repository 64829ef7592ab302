"""The outputs of a run as arrays, and the pairs behind a board: what figures beyond the MetaRows are drawn from.

Pairs, targets and columns are made by the functions of `harness.meta` that made the board's numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from harness.meta.columns import Column, metric_columns, of_systems
from harness.meta.pairs import Bools, Floats, Ints, Ordered, Pairs, Signs, count_pairs, human_signs, make_pairs, order_pairs
from harness.meta.preferences import majority
from harness.meta.table import codes_of, left_out
from harness.meta.targets import Ratings, ratings_on, targets
from harness.records import Example
from harness.report.frame import Frame
from harness.report.views import CONSTRUCTION, PREFERENCE, Board

Votes = dict[tuple[int, int], tuple[int, int, int]]
MOST_PAIRS = 3_000_000  # a figure of more pairs would take longer to make than it tells


@dataclass(frozen=True)
class BoardPairs:
    """The pairs that a board compares: people's order of each, and their number per output (None for preferences)."""

    pairs: Pairs
    signs: Signs
    human: Floats | None


@dataclass(frozen=True)
class Ground:
    """The frame's outputs as arrays, in the order of `frame.done.data.outputs`."""

    frame: Frame
    _humans: dict[tuple[str, str, str], Floats | None] = field(default_factory=dict, repr=False)
    _ratings: dict[str, Ratings] = field(default_factory=dict, repr=False)
    _votes: dict[str, Votes] = field(default_factory=dict, repr=False)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Output id → index."""
        return {output.id: index for index, output in enumerate(self.frame.done.data.outputs)}

    @cached_property
    def examples(self) -> Mapping[str, Example]:
        """Example id → example."""
        return {example.id: example for example in self.frame.done.data.examples}

    @cached_property
    def item(self) -> Ints:
        """A code of each output's example."""
        return codes_of([output.example_id for output in self.frame.done.data.outputs])

    @cached_property
    def system(self) -> Ints:
        """A code of each output's system: its place in the sorted `data.systems`."""
        return codes_of([output.system for output in self.frame.done.data.outputs])

    @cached_property
    def unknown(self) -> Bools:
        """Outputs whose system nobody knows: they share a name, but are no system."""
        return of_systems(self.frame.done.data, self.frame.done.data.info.unknown_systems)

    @cached_property
    def cluster(self) -> Ints:
        """A code of what each output is resampled with."""
        return codes_of([self.examples[output.example_id].cluster for output in self.frame.done.data.outputs])

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The main component of each metric that scores outputs, by label: higher is better, nan where missing."""
        done = self.frame.done
        found = metric_columns(done.data, done.scores, done.metrics, self.position)
        return {self.frame.name(column.signature): column for column in found if column.ranked}

    def sign(self, label: str) -> float:
        """-1 where a lower score of the metric is the better one, else 1."""
        signature = self.columns[label].signature
        return next((1.0 if m.higher_is_better else -1.0 for m in self.frame.done.metrics if m.signature == signature), 1.0)

    def ratings(self, criterion: str) -> Ratings:
        """All ratings on the criterion, turned so that higher is better."""
        if criterion not in self._ratings:
            self._ratings.clear()  # one criterion's at a time: raters times outputs is much
            self._ratings[criterion] = ratings_on(self.frame.done.data.judgments, criterion, self.position)
        return self._ratings[criterion]

    def human(self, board: Board) -> Floats | None:
        """The board's human target per output, nan where missing; None for preferences."""
        key = (board.criterion, board.raters, board.grouping)
        if key not in self._humans:
            self._humans[key] = None if board.grouping == PREFERENCE else self._target(board)
        return self._humans[key]

    def _target(self, board: Board) -> Floats | None:
        data, options = self.frame.done.data, self.frame.options
        found = targets(self.ratings(board.criterion), options.raters, data.info.primary_rater)
        if data.info.constructed:
            found = [target for target in found if board.raters in (CONSTRUCTION, f"{CONSTRUCTION}:{target.raters}")]
        else:
            found = [target for target in found if target.raters == board.raters]
        return np.where(left_out(data, self.frame.done.metrics), np.nan, found[0].values) if found else None

    def votes(self, criterion: str) -> Votes:
        """(lower index, higher index) of two outputs → votes for the first, for the second, and for a tie."""
        if criterion not in self._votes:
            self._votes[criterion] = self._counted(criterion)
        return self._votes[criterion]

    def _counted(self, criterion: str) -> Votes:
        found: Votes = {}
        for preference in self.frame.done.data.preferences:
            if preference.criterion != criterion or preference.winner is None:
                continue
            a, b = self.position[preference.output_a], self.position[preference.output_b]
            first, second, ties = found.get((min(a, b), max(a, b)), (0, 0, 0))
            if preference.winner == "tie":
                ties += 1
            elif (preference.winner == "a") == (a < b):
                first += 1
            else:
                second += 1
            found[min(a, b), max(a, b)] = (first, second, ties)
        return found

    def pairs(self, board: Board) -> BoardPairs | None:
        """The board's pairs; None where there are none, or more than MOST_PAIRS."""
        if board.grouping == PREFERENCE:
            judged = majority(self.frame.done.data.preferences, board.criterion, self.position)
            return BoardPairs(judged.pairs(), judged.signs, None) if 0 < len(judged.left) <= MOST_PAIRS else None
        human = self.human(board)
        if human is None:
            return None
        groups = {"item": self.item, "system": self.system, "none": np.zeros_like(self.item)}[board.grouping]
        chosen = np.flatnonzero(np.isfinite(human))
        if not 0 < count_pairs(groups[chosen]) <= MOST_PAIRS:
            return None
        local = make_pairs(groups[chosen], MOST_PAIRS)
        pairs = Pairs(chosen[local.left], chosen[local.right], local.group, local.n_groups)
        return BoardPairs(pairs, human_signs(pairs, human, self.frame.options.gap_tolerance), human)

    def ordered(self, found: BoardPairs, label: str) -> tuple[Pairs, Ordered] | None:
        """The pairs that the metric scored, and its order of them; None without one."""
        values = self.columns[label].values
        if values is None:
            return None
        scored = np.isfinite(values)
        valid = scored[found.pairs.left] & scored[found.pairs.right]
        if not valid.any():
            return None
        pairs = found.pairs.where(valid)
        return pairs, order_pairs(pairs, found.signs[valid], values, self.frame.options.gap_tolerance)
