"""Who rates what, and in which order: blind, random by seed, balanced.

The plan of a rater depends on the study, its outputs, the rater's share of the items and the rater's number only: whoever joins
later moves nothing that others have. Shuffling sorts by sha256, so a seed means the same on every machine and version.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeVar

from harness.annotate.study import KnownItem, Study
from harness.errors import InputError
from harness.records import Output

Cell = tuple[str, int]  # system and sample
Item = str
T = TypeVar("T")


class Planned(NamedTuple):
    """One task: outputs in the order in which they are shown, or which of the training items or checks it is."""

    kind: Literal["training", "check", "rate", "compare"]
    form: Literal["rate", "compare"]
    outputs: tuple[str, ...] = ()
    known: int | None = None


def plan(study: Study, outputs: Sequence[Output], *, slot: int, number: int) -> list[Planned]:
    """All tasks of one rater in their order: training, then ratings, then comparisons, attention checks among them.

    `slot` is the rater's share (see `share_out`), `number` counts raters from 0 and is never given twice. Among items that the
    same systems answered, each system stands in each place of its item equally often, counts differing by at most 1, whenever a
    whole item is done (for `by-round`: when all are); a system follows every other about equally often (Williams 1949). In
    comparisons each pair of systems is shown either way round equally often, counts differing by at most 1.
    """
    cells = _cells(outputs)
    mine = share_out(study, list(cells))[slot]
    own = {item: cells[item] for item in mine}
    item_of = {output.id: output.example_id for output in outputs}
    rated = [Planned("rate", "rate", (output,)) for output in _ratings(study, own, number)] if study.criteria else []
    compared = [Planned("compare", "compare", pair) for pair in _comparisons(study, own, number)] if study.compare else []
    tasks = [Planned("training", form_of(item), known=index) for index, item in enumerate(study.training)]
    chosen = set(_shuffled(range(len(study.checks.items)), study, "checks", number)[: study.checks.count])
    for form, section in (("rate", rated), ("compare", compared)):
        checks = [index for index in chosen if form_of(study.checks.items[index]) == form]
        tasks += _with_checks(study, section, _shuffled(checks, study, form, number), item_of, number)
    return tasks


def form_of(item: KnownItem) -> Literal["rate", "compare"]:
    """Whether an item is rated or compared."""
    return "rate" if item.pair is None else "compare"


def share_out(study: Study, items: Sequence[Item]) -> list[list[Item]]:
    """The items of each slot, one slot for each rater the study names (at least one), in an order that the seed gives.

    Items that overlap go to all slots, or to `overlap.raters` of them; each other item goes to one. Slots get equally many
    (counts differ by at most 1), and pairs of slots share items about equally often.
    """
    overlap, slots = study.overlap, max(1, len(study.raters))
    shuffled = _shuffled(items, study, "items")
    shared = len(items) if overlap.share is None and overlap.items is None else overlap.items
    if shared is None:
        shared = round((overlap.share or 0) * len(items))
    if shared > len(items):
        raise InputError(f"overlap: {shared} items are to be shared, but there are {len(items)}; give fewer, or a share")
    found: list[list[Item]] = [[] for _ in range(slots)]
    together: dict[frozenset[int], int] = {}
    for index, item in enumerate(shuffled):
        wanted = (overlap.raters or slots) if index < shared else 1
        chosen: list[int] = []
        for _ in range(wanted):
            free = [slot for slot in range(slots) if slot not in chosen]
            met = {slot: sum(together.get(frozenset((slot, other)), 0) for other in chosen) for slot in free}
            chosen.append(min(free, key=lambda slot: (len(found[slot]), met[slot], _key(study.seed, "slot", item, slot))))
        for slot in chosen:
            found[slot].append(item)
        for a, b in combinations(chosen, 2):
            together[frozenset((a, b))] = together.get(frozenset((a, b)), 0) + 1
    return found


def _cells(outputs: Iterable[Output]) -> dict[Item, dict[Cell, str]]:
    """Item → its outputs by system and sample."""
    found: dict[Item, dict[Cell, str]] = {}
    for output in outputs:
        found.setdefault(output.example_id, {})[output.system, output.sample] = output.id
    return found


def _ratings(study: Study, own: Mapping[Item, Mapping[Cell, str]], number: int) -> list[str]:
    """Output ids in the order in which they are rated."""
    rows: dict[Item, list[str]] = {}
    sequences = []
    for systems, items in _by_systems(study, own).items():
        order = _shuffled(systems, study, "systems")
        places = {item: _row(len(order), rank, number) for rank, item in enumerate(items)}
        rows.update({item: [own[item][order[column]] for column in places[item].order] for item in items})
        sequences.append(_spread(items, lambda item, places=places: places[item], study, number))  # type: ignore[misc]  # mypy cannot type a lambda's default
    sequence = _merged(sequences, study, number)
    if study.order == "by-item":
        return [output for item in sequence for output in rows[item]]
    rounds = max(map(len, rows.values()), default=0)
    shuffled = [sequence, *(_shuffled(sequence, study, "round", number, place) for place in range(1, rounds))]
    return [rows[item][place] for place in range(rounds) for item in shuffled[place] if place < len(rows[item])]


def _by_systems(study: Study, own: Mapping[Item, Mapping[Cell, str]]) -> dict[tuple[Cell, ...], list[Item]]:
    """The items by the systems that answered them; within each of these sets a square can be balanced."""
    found: dict[tuple[Cell, ...], list[Item]] = {}
    for item in _shuffled(own, study, "rank"):
        found.setdefault(tuple(sorted(own[item])), []).append(item)
    return found


class _Row(NamedTuple):
    square: int
    number: int
    order: list[int]


def _row(size: int, rank: int, shift: int) -> _Row:
    """A row of a Williams design (one Latin square for an even size, two for an odd one) for the item of this rank.

    Any `size` ranks from a multiple of `size` on use up one square; `size` raters have all rows of a square on the same item.
    """
    first = [0]
    for step in range(1, size):
        first.append((step + 1) // 2 if step % 2 else size - step // 2)
    square = (rank // size) % 2 if size % 2 else 0
    number = (rank + shift) % size
    order = [(column + number) % size for column in first]
    return _Row(square, number, order[::-1] if square else order)


def _spread(items: Sequence[Item], row: Callable[[Item], _Row], study: Study, number: int) -> list[Item]:
    """The items in random order, such that each stretch of as many items as there are systems uses every row of a square once."""
    classes: dict[int, dict[int, list[Item]]] = {}
    for item in _shuffled(items, study, "order", number):
        classes.setdefault(row(item).square, {}).setdefault(row(item).number, []).append(item)
    blocks: list[list[Item]] = []
    for rows in classes.values():
        for index in range(max(map(len, rows.values()))):
            block = [members[index] for members in rows.values() if index < len(members)]
            blocks.append(_shuffled(block, study, "block", number))
    whole = max(map(len, blocks), default=0)
    full = _shuffled([block for block in blocks if len(block) == whole], study, "blocks", number)
    return [item for block in (*full, *(block for block in blocks if len(block) < whole)) for item in block]


def _merged(sequences: Sequence[list[Item]], study: Study, number: int) -> list[Item]:
    """The sequences mixed at random, each kept in its order."""
    turns = [(which, place) for which, sequence in enumerate(sequences) for place in range(len(sequence))]
    queues = [iter(sequence) for sequence in sequences]
    return [next(queues[which]) for which, _ in _shuffled(turns, study, "merge", number)]


def _comparisons(study: Study, own: Mapping[Item, Mapping[Cell, str]], number: int) -> list[tuple[str, str]]:
    """Pairs of output ids, the one shown first (left) before the other."""
    tasks: dict[Item, list[tuple[str, str]]] = {}
    per_item = study.compare.per_item if study.compare else None
    for cells, items in _by_systems(study, own).items():
        order = _shuffled(cells, study, "systems")
        pairs = [(i, j) for i, j in combinations(range(len(order)), 2) if order[i][0] != order[j][0]]
        pairs = _shuffled(pairs, study, "pairs")
        shown = dict.fromkeys(pairs, number)
        for rank, item in enumerate(items):
            count = min(per_item or len(pairs), len(pairs))
            for turn in range(rank * count, (rank + 1) * count):
                i, j = pairs[turn % len(pairs)]
                # (j - i) odd is a tournament in which all win equally often: each system is first as often as second
                first, second = (i, j) if ((j - i) + shown[i, j]) % 2 else (j, i)
                shown[i, j] += 1
                tasks.setdefault(item, []).append((own[item][order[first]], own[item][order[second]]))
    return [pair for item in _shuffled(tasks, study, "compare", number) for pair in _shuffled(tasks[item], study, "pair", number)]


def _with_checks(
    study: Study, tasks: Sequence[Planned], checks: Sequence[int], item_of: Mapping[str, Item], number: int
) -> list[Planned]:
    """The tasks with the checks among them: one at a random place of each stretch, between two items where that can be."""
    if not tasks:
        return []
    places: dict[int, list[int]] = {}
    for turn, check in enumerate(checks):
        start, end = turn * len(tasks) // len(checks), (turn + 1) * len(tasks) // len(checks)
        inside = [place for place in range(start, end) if place > 0] or [len(tasks)]
        between = [p for p in inside if p < len(tasks) and item_of[tasks[p].outputs[0]] != item_of[tasks[p - 1].outputs[0]]]
        place = min(between or inside, key=lambda place: _key(study.seed, "check", number, turn, place))
        places.setdefault(place, []).append(check)
    found: list[Planned] = []
    for place, task in enumerate((*tasks, None)):
        found += [Planned("check", form_of(study.checks.items[check]), known=check) for check in places.get(place, ())]
        found += [task] if task is not None else []
    return found


def _shuffled(values: Iterable[T], study: Study, *purpose: Hashable) -> list[T]:
    return sorted(values, key=lambda value: _key(study.seed, *purpose, value))


def _key(*parts: Any) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()
