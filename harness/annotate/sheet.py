"""A sheet (CSV) for a rater who works offline: what it looks like, blind, and made for spreadsheets."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from harness.annotate.store import Store
from harness.annotate.study import Study, allowed_answers, in_language
from harness.annotate.views import Rater, Task
from harness.errors import InputError

T = TypeVar("T")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
CANNOT_JUDGE = "-"
WORDS = {"first": "1", "second": "2", "tie": "tie"}
_EMPTY = {"sv": "(tomt svar)", "en": "(empty answer)"}
_SIDES = {
    "sv": {"first": "(eller A): `text` är bättre", "second": "(eller B): `text_2` är bättre", "tie": "(eller lika): lika bra"},
    "en": {"first": "(or A): `text` is better", "second": "(or B): `text_2` is better", "tie": "(or equal): equally good"},
}
_CANNOT = {"sv": "kan inte bedömas", "en": "cannot be judged"}
_BLANK = {
    "sv": "En rad med bara `text` bedöms, en rad med `text` och `text_2` jämförs; de andra frågornas rutor lämnas tomma där.",
    "en": "A row with `text` alone is rated, one with `text` and `text_2` is compared; leave the other questions' cells empty.",
}
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
_TEXTS = ("instruction", "source", "reference")


class AnswerColumn(NamedTuple):
    """A column to fill in: its heading, and the form and criterion that it is about."""

    heading: str
    form: str
    criterion: str


def write_sheet(store: Store, rater: Rater, *, delimiter: str | None = None) -> bytes:
    """The rater's tasks as CSV in UTF-8 with a byte order mark, in their order; answers that they have given stand in it.

    Ids are opaque and no system is named; attention checks stand among the rest, training is left out. A cell that a spreadsheet
    would take for a formula begins with an apostrophe. `delimiter`: comma, semicolon or tab; left out, it is the one that a
    spreadsheet expects where the study's first language is spoken. Raises ConsentNeeded before consent.
    """
    study = store.study
    tasks = [task for task in store.tasks_of(rater) if task.phase == "main"]
    columns = answer_columns(study)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=_delimiter(study, delimiter), lineterminator="\r\n")
    writer.writerow(["id", *text_columns(study), *(column.heading for column in columns), *_comment(study)])
    for task in tasks:
        texts = cells_of(study, task)
        answers = [_answer_cell(task, column) for column in columns]
        writer.writerow([task.id, *texts.values(), *answers, *([safe(task.note or "")] if study.comments else [])])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def write_guide(study: Study, language: str) -> str:
    """What goes with a sheet, in Markdown: the guidelines, and for each column what may stand in it."""
    lines = [f"# {in_language(study.title, language, study)}", "", in_language(study.guidelines, language, study).strip(), ""]
    for criterion in study.criteria:
        lines += [f"## `{criterion.name}`: {in_language(criterion.label, language, study)}", ""]
        lines += [in_language(criterion.question, language, study), ""] if criterion.question else []
        words = criterion.anchors.get(language) or next(iter(criterion.anchors.values()), ("",) * len(criterion.values))
        lines += [f"- **{value}** {word}".rstrip() for value, word in zip(criterion.values, words, strict=True)] + [""]
    for pair in study.compare.criteria if study.compare else ():
        lines += [f"## `compare:{pair.name}`: {in_language(pair.label, language, study)}", ""]
        lines += [in_language(pair.question, language, study), ""] if pair.question else []
        sides = _own_words(_SIDES, language)
        lines += [f"- **{WORDS[str(word)]}** {sides[str(word)]}" for word in allowed_answers(study, "compare")[pair.name]] + [""]
    lines += [_own_words(_BLANK, language), ""] if study.criteria and study.compare else []
    lines += [f"- **{CANNOT_JUDGE}** {_own_words(_CANNOT, language)}", ""] if study.cannot_judge else []
    return "\n".join(lines)


def answer_columns(study: Study) -> list[AnswerColumn]:
    """The columns to fill in."""
    found = []
    for criterion, values in allowed_answers(study, "rate").items():
        found.append(AnswerColumn(f"{criterion} ({values[0]}-{values[-1]})", "rate", criterion))
    for criterion, values in allowed_answers(study, "compare").items():
        words = "/".join(WORDS[str(value)] for value in values)
        found.append(AnswerColumn(f"compare:{criterion} ({words})", "compare", criterion))
    return found


def text_columns(study: Study) -> list[str]:
    """The columns to read."""
    texts = [column for column in _TEXTS if column in study.show]
    return [*texts, "text", "text_2"] if study.compare else [*texts, "text"]


def cells_of(study: Study, task: Task) -> dict[str, str]:
    """What stands in the columns to read."""
    values: Mapping[str, str | None] = {
        "instruction": task.instruction,
        "source": task.source,
        "reference": "\n\n".join(task.references),
        "text": task.texts[0] if task.texts[0].strip() else empty_answer(study),
        "text_2": "" if task.form == "rate" else task.texts[1] if task.texts[1].strip() else empty_answer(study),
    }
    return {column: safe(values[column] or "") for column in text_columns(study)}


def empty_answer(study: Study) -> str:
    """What stands for an empty text, so that the row is seen to have one."""
    return _own_words(_EMPTY, study.languages[0])


def safe(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run as a formula."""
    clean = text.replace("\x00", "")
    return f"'{clean}" if _FORMULA.match(clean) else clean


def read_delimited(label: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of a CSV that a spreadsheet saved: any of the delimiters, UTF-8; raises InputError naming the line."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{label}: the file is UTF-16; save it as CSV UTF-8")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{label}, line {line}: not UTF-8; save the sheet as CSV UTF-8") from error
    header = next(iter(text.splitlines()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS.values(), key=header.count), strict=True)
    limit, start = csv.field_size_limit(2**31 - 1), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{label}, line {start}: not valid CSV ({error}); save the sheet again as CSV UTF-8") from error
    finally:
        csv.field_size_limit(limit)


def _own_words(words: Mapping[str, T], language: str) -> T:
    return words.get(language.split("-")[0], words["en"])


def _delimiter(study: Study, given: str | None) -> str:
    if given is None:
        return ";" if study.languages[0].split("-")[0] != "en" else ","
    if given not in DELIMITERS:
        raise InputError(f"the delimiter is {', '.join(DELIMITERS)}, got {given!r}")
    return DELIMITERS[given]


def _comment(study: Study) -> Sequence[str]:
    return ("comment",) if study.comments else ()


def _answer_cell(task: Task, column: AnswerColumn) -> str:
    if task.form != column.form:
        return ""
    if task.answers is None:
        return ""
    value = task.answers.get(column.criterion)
    return CANNOT_JUDGE if value is None else WORDS.get(str(value), str(value))
