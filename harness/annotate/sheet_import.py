"""A filled sheet read back: every cell is checked before anything is stored, and the same sheet twice changes nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.annotate.answers import LONGEST_NOTE
from harness.annotate.contents import Step
from harness.annotate.sheet import (
    CANNOT_JUDGE,
    WORDS,
    AnswerColumn,
    answer_columns,
    cells_of,
    empty_answer,
    read_delimited,
    safe,
    text_columns,
)
from harness.annotate.store import Store
from harness.annotate.study import Study, allowed_answers
from harness.annotate.views import Answers, Rater, Task, Value
from harness.errors import InputError, did_you_mean
from harness.whole_files import read_file

_MOST_SHOWN = 20
_LONGEST_CELL = 32_000  # spreadsheets cut a cell off at 32,767 characters
_WHOLE = re.compile(r"(\d+)([.,]0*)?\Z")
_OWN_WORDS = {
    **dict.fromkeys(("1", "a", "first"), "first"),
    **dict.fromkeys(("2", "b", "second"), "second"),
    **dict.fromkeys(("tie", "equal", "lika", "lika bra", "oavgjort"), "tie"),
}


class Imported(NamedTuple):
    """What became of a sheet's rows. `conflicts` and `unfinished` say line and what; rows left empty count as `empty`."""

    rater: str
    new: int
    same: int
    replaced: int
    empty: int
    conflicts: tuple[str, ...]
    unfinished: tuple[str, ...]


class _Row(NamedTuple):
    line: int
    step: Step
    answers: Answers
    note: str | None


def import_sheet(store: Store, path: Path, *, replace: bool = False) -> Imported:
    """Stores the answers of a filled sheet, all of its valid rows in one transaction.

    Rows without an answer are passed over; a row with some of its answers is not stored but named in `unfinished`. An answer that
    differs from one already stored is named in `conflicts` and not stored, unless `replace`. Raises InputError listing every cell
    that is wrong (file, line, column), and then stores nothing.
    """
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    lines = list(read_delimited(str(path), data))
    if len(lines) < 2:
        raise InputError(f"{path}: there is no row under a header; export the sheet again")
    places = _places(str(path), lines[0][1], store.study)
    rater = _rater(store, str(path), lines[1:], places)
    steps = {step.id: step for step in store.steps(rater)}
    tasks = {task.id: task for task in store.tasks_of(rater)}
    problems: list[str] = []
    unfinished: list[str] = []
    rows = list(_rows(store.study, str(path), lines[1:], places, steps, tasks, problems, unfinished))
    if problems:
        more = f"\n… and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
        raise InputError("nothing was imported:\n" + "\n".join(problems[:_MOST_SHOWN]) + more)
    outcomes = store.take_over(rater, [(row.step, row.answers, row.note) for row in rows], replace=replace)
    conflicts = [
        f"{path}, line {row.line}: {_said(row)} stands in the sheet, but the study holds {_held(tasks[row.step.id])}"
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome == "conflict"
    ]
    return Imported(
        rater=rater.pseudonym,
        new=outcomes.count("new"),
        same=outcomes.count("same"),
        replaced=outcomes.count("replaced"),
        empty=len(lines) - 1 - len(rows) - len(unfinished),
        conflicts=tuple(conflicts),
        unfinished=tuple(unfinished),
    )


def _places(label: str, header: Sequence[str], study: Study) -> dict[str, int]:
    """Column → its place. An answer's column is known by what stands before its hint: `naturalness (1-3)`."""
    columns = answer_columns(study)
    known = ["id", *text_columns(study), *(_bare(column.heading) for column in columns), *(["comment"] if study.comments else [])]
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = _bare(cell)
        if not name:
            continue
        if name not in known:
            raise InputError(f"{label}, line 1: the sheet has no column {name!r}.{did_you_mean(name, known)}")
        if name in places:
            raise InputError(f"{label}, line 1: the column {name!r} stands here twice; keep one")
        places[name] = place
    for name in ("id", *(_bare(column.heading) for column in columns)):
        if name not in places:
            raise InputError(f"{label}, line 1: the column {name!r} is missing; put it back, or export the sheet again")
    return places


def _rater(store: Store, label: str, lines: Sequence[tuple[int, list[str]]], places: Mapping[str, int]) -> Rater:
    """Whose sheet it is, by the first id that is known."""
    owners = {step.id: rater for rater in store.raters() for step in store.steps(rater)}
    found: Rater | None = None
    for line, cells in lines:
        owner = owners.get(_cell(cells, places, "id"))
        if owner is not None and found is not None and owner != found:
            raise InputError(f"{label}, line {line}: this row belongs to {owner.pseudonym!r}, rows above to {found.pseudonym!r}")
        found = found or owner
    if found is None:
        raise InputError(f"{label}: no id in it is a task of this study; is it a sheet of another study, or of an erased rater?")
    return found


def _rows(
    study: Study,
    label: str,
    lines: Sequence[tuple[int, list[str]]],
    places: Mapping[str, int],
    steps: Mapping[str, Step],
    tasks: Mapping[str, Task],
    problems: list[str],
    unfinished: list[str],
) -> Iterator[_Row]:
    """The rows to store; what is wrong and what is half done is added to the lists."""
    seen: dict[str, int] = {}
    columns = answer_columns(study)
    for line, cells in lines:
        where = f"{label}, line {line}"
        if len(cells) > max(places.values()) + 1 and any(cell.strip() for cell in cells[max(places.values()) + 1 :]):
            problems.append(f"{where}: {len(cells)} cells under {max(places.values()) + 1} columns")
            continue
        task_id = _cell(cells, places, "id")
        step = steps.get(task_id)
        if step is None or step.kind == "training":
            problems.append(f"{where}, column 'id': {task_id!r:.40} is no task of this rater; ids must stay as exported")
            continue
        if task_id in seen:
            problems.append(f"{where}, column 'id': {task_id!r} stands in line {seen[task_id]} too; keep one of the rows")
            continue
        seen[task_id] = line
        before = len(problems)
        problems += _moved(study, tasks[task_id], cells, places, where)
        answers, missing = _answers(study, step, columns, cells, places, where, problems)
        if len(problems) > before:
            continue
        note = _comment(cells, places)
        if note is not None and len(note) > LONGEST_NOTE:
            problems.append(f"{where}, column 'comment': {len(note)} characters; a comment has at most {LONGEST_NOTE}")
            continue
        if (answers or note) and missing:
            verb = "is" if len(missing) == 1 else "are"
            unfinished.append(f"{where}: {' and '.join(missing)} {verb} empty; the row is not stored")
        elif answers:
            yield _Row(line, step, answers, note)


def _moved(study: Study, task: Task, cells: Sequence[str], places: Mapping[str, int], where: str) -> Iterator[str]:
    """A text that is not the one exported in this row: columns that were sorted apart would give ratings to other texts."""
    for column, expected in cells_of(study, task).items():
        if column not in places:
            continue
        found, wanted = _plain(_cell(cells, places, column)), _plain(expected)
        same = found[: _LONGEST_CELL // 2] == wanted[: _LONGEST_CELL // 2] if len(wanted) > _LONGEST_CELL else found == wanted
        if not same and not (expected == empty_answer(study) and not found):  # sheets had no word for it before
            yield f"{where}, column {column!r}: not the text that was exported with this id; were rows sorted or texts changed?"


def _answers(
    study: Study,
    step: Step,
    columns: Sequence[AnswerColumn],
    cells: Sequence[str],
    places: Mapping[str, int],
    where: str,
    problems: list[str],
) -> tuple[Answers, list[str]]:
    answers: Answers = {}
    missing = []
    for column in columns:
        name = _bare(column.heading)
        cell = _cell(cells, places, name)
        if column.form != step.form:
            if cell:
                problems.append(f"{where}, column {name!r}: {cell!r:.40} stands in a column that is not asked in this row")
        elif not cell:
            missing.append(name)
        else:
            try:
                answers[column.criterion] = _value(study, step.form, column.criterion, cell)
            except ValueError as error:
                problems.append(f"{where}, column {name!r}: {cell!r:.40} {error}")
    return answers, missing


def _value(study: Study, form: str, criterion: str, cell: str) -> Value:
    """The answer that a cell says; ValueError says which it may."""
    if cell.lstrip("'") == CANNOT_JUDGE and study.cannot_judge:
        return None
    allowed = allowed_answers(study, form)[criterion]
    value: Value
    if form == "compare":
        value = _OWN_WORDS.get(cell.casefold())
        words = [WORDS[str(answer)] for answer in allowed]
    else:
        match = _WHOLE.match(cell)
        value = int(match[1]) if match else None
        words = [str(answer) for answer in allowed]
    if value is None or value not in allowed:
        raise ValueError(f"is not one of {', '.join(words)}" + (f" or {CANNOT_JUDGE}" if study.cannot_judge else ""))
    return value


def _said(row: _Row) -> str:
    return ", ".join(f"{criterion} {value}" for criterion, value in row.answers.items()) + (", a comment" if row.note else "")


def _held(task: Task) -> str:
    held = ", ".join(f"{criterion} {value}" for criterion, value in (task.answers or {}).items())
    return held + (", a comment" if task.note else "")


def _comment(cells: Sequence[str], places: Mapping[str, int]) -> str | None:
    """The comment, without the apostrophe that keeps a spreadsheet from running it."""
    cell = _cell(cells, places, "comment")
    bare = cell.removeprefix("'")
    return (bare if safe(bare) == cell else cell) or None


def _bare(heading: str) -> str:
    return heading.partition(" (")[0].strip()


def _cell(cells: Sequence[str], places: Mapping[str, int], column: str) -> str:
    place = places.get(column)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _plain(text: str) -> str:
    """Without what spreadsheets change: line ends, spaces at the ends, the apostrophe before a formula."""
    return " ".join(text.split()).lstrip("'").strip()
