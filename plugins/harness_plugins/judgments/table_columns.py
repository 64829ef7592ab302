"""Which column of a table means what: given by the user, or found by the names that people use."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from harness.errors import InputError, did_you_mean
from harness_plugins.judgments.table_rows import MEMORY, Rows

# The role's own name comes first and wins where a table has several of these.
ALIASES: dict[str, tuple[str, ...]] = {
    "item": ("item", "id", "item_id", "example", "example_id", "segment", "segment_id"),
    "system": ("system", "model"),
    "output": ("output", "text", "hypothesis", "answer", "prediction", "response"),
    "reference": ("reference", "ref", "references"),
    "source": ("source", "src"),
    "instruction": ("instruction", "prompt", "question"),
    "language": ("language", "lang"),
    "task": ("task",),
    "form": ("form",),
    "cluster": ("cluster", "cluster_id"),
    "parallel_id": ("parallel_id",),
    "sample": ("sample",),
    "rater": ("rater", "annotator", "rater_id", "annotator_id"),
    "criterion": ("criterion", "dimension", "aspect"),
    "rating": ("rating", "score", "judgment", "value"),
}
# Looked for where a table has none of the names above.
SWEDISH: dict[str, tuple[str, ...]] = {
    "item": ("uppgift", "post", "exempel"),
    "system": ("modell",),
    "output": ("svar", "utdata"),
    "reference": ("referens", "facit", "mall"),
    "source": ("källa",),
    "instruction": ("fråga",),
    "language": ("språk",),
    "rater": ("bedömare", "annotatör"),
    "criterion": ("kriterium", "aspekt"),
    "rating": ("betyg", "omdöme", "poäng"),
}
REQUIRED = ("item", "system", "output")
FORMS = ("short", "long")
_RATER_COLUMN = re.compile(r"(rater|annotator|bedömare|annotatör)[ _:.-]?\S+", re.IGNORECASE)
NUMBERED_REFERENCE = re.compile(r"(reference|ref|referens)[ _-]?\d+", re.IGNORECASE)
_NUMERAL = re.compile(r"[+-]?\d+([.,]\d+)?")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


class RatingColumn(NamedTuple):
    """A column of ratings; `rater` and `criterion` are fixed by a wide table's column, None where a column names them."""

    column: str
    rater: str | None = None
    criterion: str | None = None


@dataclass(frozen=True)
class Layout:
    """Where a table keeps what: `columns` role → column, `constants` role → one value for all rows."""

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    references: tuple[str, ...]
    ratings: tuple[RatingColumn, ...]
    unused: tuple[str, ...]


def find_columns(
    rows: Rows, given: Mapping[str, Any], raters: Sequence[str] | None = None, criteria: Sequence[str] | None = None
) -> Layout:
    """The table's layout; raises InputError naming the column that is not there, or the columns that could be meant.

    `given`: role → column, as the user maps them. `raters`, `criteria`: the rating columns of a wide table, one a rater or one a
    criterion; an empty list of raters says that there are no ratings.
    """
    if raters is not None and criteria is not None:
        raise InputError(
            f"{rows.label}: give raters or criteria, not both ({written(rows, raters=['Anna', 'Bo'])}); "
            "a table with one column per rater and criterion must be long"
        )
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    for role, value in given.items():
        if role == "reference":
            continue
        if is_constant(rows, role, value):
            constants[role] = value
        else:
            columns[role] = named_column(rows, value, f"{role}={value}")
    references = tuple(named_column(rows, name, f"reference={name}") for name in _list(given.get("reference", ())))
    wide = [(name, named_column(rows, name, "raters")) for name in raters or ()]
    wide_criteria = [(name, named_column(rows, name, "criteria")) for name in criteria or ()]
    claimed = {*columns.values(), *references, *(column for _, column in wide + wide_criteria)}
    for role in ALIASES:
        if role not in given and not _replaced(role, raters, criteria):
            found = guess_column(rows, role, claimed)
            if found is not None:
                columns[role] = found
    if "reference" not in given:
        numbered = [c for c in rows.columns if c not in claimed and NUMBERED_REFERENCE.fullmatch(folded(c))]
        base = columns.pop("reference", None)
        references = (() if base is None else (base,)) + tuple(numbered)
    for role in REQUIRED:
        if role not in columns:
            raise _missing(rows, role, claimed | {*columns.values(), *references}, given)
    ratings = _rating_columns(rows, columns, wide, wide_criteria, raters is not None)
    if ratings is None:
        raise _missing(rows, "rating", {*columns.values(), *references}, given)
    used = {*columns.values(), *references, *(rating.column for rating in ratings)}
    return Layout(columns, constants, references, ratings, tuple(c for c in rows.columns if c not in used))


def written(rows: Rows, **parameters: Any) -> str:
    """How a user gives these parameters: the whole reference to a file, quoted for a shell, or `read` for rows in memory."""
    if rows.label == MEMORY:
        return f"read={parameters}"
    pieces = [f"{key}={value if isinstance(value, str) else _bracketed(value)}" for key, value in parameters.items()]
    return f"'{rows.reader}:{','.join([rows.label, *pieces])}'"


def _bracketed(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def role_of(key: str) -> str:
    """The role that a key of the `columns` mapping means; raises InputError for an unknown one."""
    for role, aliases in ALIASES.items():
        if key in aliases or key in SWEDISH.get(role, ()):
            return role
    raise InputError(f"columns: there is nothing called {key!r} in a table of ratings.{did_you_mean(key, ALIASES)}")


def is_constant(rows: Rows, role: str, value: Any) -> bool:
    """Whether the user gave a value for all rows instead of a column: a language's tag, a form."""
    if not isinstance(value, str) or value in rows.columns:
        return False
    return (role == "language" and bool(_LANGUAGE_TAG.match(value))) or (role == "form" and value in FORMS)


def named_column(rows: Rows, name: Any, key: str) -> str:
    """The column that the user names, whatever its case; `key` is how they named it. Raises InputError with those there are."""
    if name in rows.columns:
        return str(name)
    same = [column for column in rows.columns if column.casefold() == str(name).casefold()]
    if len(same) == 1:
        return same[0]
    raise InputError(f"{rows.label}: there is no column {name!r} ({key}).{did_you_mean(str(name), filter(None, rows.columns))}")


def guess_column(
    rows: Rows, role: str, claimed: set[str], aliases: Sequence[str] | None = None, swedish: Sequence[str] | None = None
) -> str | None:
    """The column that is called as the role usually is, English names first; raises InputError where several could be it."""
    free = [column for column in rows.columns if column not in claimed]
    found = [column for column in free if folded(column) in (ALIASES[role] if aliases is None else aliases)]
    found = found or [column for column in free if folded(column) in (SWEDISH.get(role, ()) if swedish is None else swedish)]
    own = [column for column in found if column.casefold() == role]
    if len(own) == 1 or len(found) == 1:
        return (own or found)[0]
    if found:
        names = ", ".join(map(repr, found))
        raise InputError(f"{rows.label}: columns {names} could each be the {role}; say which: {role}={found[0]}")
    return None


def folded(column: str) -> str:
    """The name without case; some systems write ö as two characters."""
    return unicodedata.normalize("NFC", column).casefold()


def _replaced(role: str, raters: Sequence[str] | None, criteria: Sequence[str] | None) -> bool:
    """Whether the columns of a wide table stand for this role."""
    return (raters is not None and role in ("rater", "rating")) or (criteria is not None and role in ("criterion", "rating"))


def _rating_columns(
    rows: Rows,
    columns: Mapping[str, str],
    wide: Sequence[tuple[str, str]],
    wide_criteria: Sequence[tuple[str, str]],
    raters_given: bool,
) -> tuple[RatingColumn, ...] | None:
    """The columns of ratings; None where the table seems to have none."""
    if raters_given or wide_criteria:
        both = [role for role in ("rating", "rater" if raters_given else "criterion") if role in columns]
        if both:
            raise InputError(
                f"{rows.label}: {both[0]}={columns[both[0]]} and the columns of a wide table exclude each other; give one"
            )
        return tuple(RatingColumn(c, rater=name) for name, c in wide) + tuple(
            RatingColumn(c, criterion=name) for name, c in wide_criteria
        )
    if "rating" in columns:
        return (RatingColumn(columns["rating"]),)
    if "rater" not in columns:
        automatic = [column for column in rows.columns if _RATER_COLUMN.fullmatch(folded(column))]
        if automatic:
            return tuple(RatingColumn(column, rater=column) for column in automatic)
    return None


def _missing(rows: Rows, role: str, taken: set[str], given: Mapping[str, Any]) -> InputError:
    free = [column for column in rows.columns if column and column not in taken]
    aliases = (*ALIASES[role], *SWEDISH.get(role, ()))
    close = [column for column in free if get_close_matches(folded(column), aliases, n=1, cutoff=0.75)]
    meant = f" Did you mean {' or '.join(map(repr, close[:2]))}?" if close else ""
    column = close[0] if close else "COLUMN"
    how = f"give {role}={column}: {written(rows, **given, **{role: column})}"
    if role == "rating":
        numeric = [column for column in free if _is_numeric(rows, column)][:4]
        several = numeric if len(numeric) > 1 else ["Anna", "Bo"]
        how += f"; for a wide table, raters=[…] or criteria=[…]: {written(rows, **given, raters=several)}"
    names = ", ".join(column for column in rows.columns if column)
    return InputError(
        f"{rows.label}: no column holds the {role} (looked for {', '.join(aliases)}); {how}. The columns are: {names}.{meant}"
    )


def _is_numeric(rows: Rows, column: str) -> bool:
    """Whether the first rows that say something here say a number."""
    cells = [str(cells[column]) for _, cells in rows.rows if cells.get(column) not in (None, "")][:20]
    return bool(cells) and all(_NUMERAL.fullmatch(cell.strip()) for cell in cells)


def _list(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str) else list(value)
