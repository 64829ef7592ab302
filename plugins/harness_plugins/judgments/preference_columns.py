"""Which column of a table of preferences means what: given by the user, or found by the names that people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from harness.errors import InputError, did_you_mean
from harness_plugins.judgments.table_columns import (
    ALIASES,
    NUMBERED_REFERENCE,
    SWEDISH,
    Layout,
    folded,
    guess_column,
    is_constant,
    named_column,
)
from harness_plugins.judgments.table_rows import Rows

RATER, CRITERION = "rater", "preference"  # names where no column gives one
_SIDES = (("a", "1", "left", "first"), ("b", "2", "right", "second"))
_PAIR_ALIASES = {"system": ("system", "model"), "output": ("output", "response", "answer", "text", "completion", "hypothesis")}
_OWN: dict[str, tuple[str, ...]] = {
    "winner": ("winner", "preferred", "preference", "label", "vote", "choice", "verdict", "vinnare", "föredrar", "bäst"),
    "shown_first": ("shown_first", "first_shown", "first"),
}
# Roles of an item that mean the same as in a table of ratings.
_ITEM = ("item", "instruction", "source", "reference", "language", "task", "form", "cluster", "parallel_id")
_ALSO = ("rater", "criterion")
ROLES = (*_ITEM, "system_a", "system_b", "output_a", "output_b", *_ALSO, *_OWN)
_MORE = {"item": ("question_id", "pair_id"), "rater": ("judge", "user"), "criterion": ()}


@dataclass(frozen=True)
class PairLayout:
    """Where a table keeps what; `table` holds the roles of an item, as for ratings. None: there is no such column."""

    table: Layout
    item: str | None
    systems: tuple[str | None, str | None]
    outputs: tuple[str, str]
    rater: str | None
    criterion: str | None
    winner: str
    shown_first: str | None


def find_pair_columns(rows: Rows, given: Mapping[str, Any], columns: Mapping[str, Any]) -> PairLayout:
    """The table's layout; raises InputError naming the column that is not there, or those that could be meant.

    `given`: role → column (None: not given), `columns`: the same as one mapping.
    """
    for role in columns:
        if role not in ROLES:
            raise InputError(f"columns: there is nothing called {role!r} in a table of preferences.{did_you_mean(role, ROLES)}")
    wanted = {role: value for role, value in {**given, **columns}.items() if value is not None}
    found: dict[str, str] = {}
    constants: dict[str, str] = {}
    references = wanted.pop("reference", ())
    for role, value in wanted.items():
        if is_constant(rows, role, value):
            constants[role] = value
        else:
            found[role] = named_column(rows, value, f"{role}={value}")
    named = [references] if isinstance(references, str) else list(references)
    reference_columns = tuple(named_column(rows, name, f"reference={name}") for name in named)
    claimed = {*found.values(), *reference_columns}
    for role in ROLES:
        if role not in wanted and not (role == "reference" and reference_columns):
            column = guess_column(rows, role, claimed, _aliases(role), SWEDISH.get(role, ()))
            if column is not None:
                found[role] = column
                claimed.add(column)
    for role in ("output_a", "output_b", "winner"):
        if role not in found:
            raise _missing(rows, role, claimed)
    if not reference_columns:
        numbered = [column for column in rows.columns if column not in claimed and NUMBERED_REFERENCE.fullmatch(folded(column))]
        reference_columns = (*([found["reference"]] if "reference" in found else []), *numbered)
    item_columns = {role: column for role, column in found.items() if role in _ITEM and role not in ("item", "reference")}
    used = {*found.values(), *reference_columns}
    unused = tuple(column for column in rows.columns if column not in used)
    return PairLayout(
        table=Layout(item_columns, constants, reference_columns, (), unused),
        item=found.get("item"),
        systems=(found.get("system_a"), found.get("system_b")),
        outputs=(found["output_a"], found["output_b"]),
        rater=found.get("rater"),
        criterion=found.get("criterion"),
        winner=found["winner"],
        shown_first=found.get("shown_first"),
    )


def _aliases(role: str) -> tuple[str, ...]:
    """The usual names of a role: `response_a`, `responsea`, `response 1`, … for those of the pair."""
    if role in _OWN:
        return _OWN[role]
    stem, _, side = role.rpartition("_")
    if stem in _PAIR_ALIASES:
        marks = _SIDES["ab".index(side)]
        return tuple(f"{name}{sign}{mark}" for name in _PAIR_ALIASES[stem] for sign in ("_", "", " ", "-") for mark in marks)
    return (*ALIASES[role], *_MORE.get(role, ()))


def _missing(rows: Rows, role: str, taken: set[str]) -> InputError:
    free = [column for column in rows.columns if column and column not in taken]
    close = [column for column in free if get_close_matches(folded(column), _aliases(role), n=1, cutoff=0.7)]
    column = close[0] if close else "COLUMN"
    names = ", ".join(column for column in rows.columns if column)
    usual = ", ".join(_aliases(role)[:6])
    how = f"'preferences:{rows.label},{role}={column}'"
    return InputError(
        f"{rows.label}: no column holds the {role} (looked for {usual}, …); give {role}={column}: {how}. The columns are: {names}"
    )
