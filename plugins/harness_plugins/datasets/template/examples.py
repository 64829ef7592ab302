"""From a set's rows to examples: what a row means, which template it is put into, what comes out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.build.rows import SetAside, instruction_example
from harness.errors import did_you_mean
from harness.records import Example, Origin
from harness_plugins.datasets.file_faults import deeper_than, whole
from harness_plugins.datasets.template.budget import Budget
from harness_plugins.datasets.template.draw import Draw
from harness_plugins.datasets.template.engine import Expression
from harness_plugins.datasets.template.filters import digest, encoded
from harness_plugins.datasets.template.problems import RowProblem
from harness_plugins.datasets.template.rows import tidied
from harness_plugins.datasets.template.sets import BUILT_IN, InstructionTemplate, TemplateSet
from harness_plugins.datasets.template.source import split_rows

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DEEPEST = 100
_TRIED = 20  # rows that a template may fail on before it is the template's fault


@dataclass(frozen=True)
class Item:
    """A row as expressions see it: `values` by name, its own `options`, its `label` (of options the number of the right one)."""

    id: str
    split: str
    row: Mapping[str, Any]
    values: Mapping[str, Any]
    cluster: str
    label: str | None
    options: tuple[str, ...]
    source: str | None


def set_examples(
    found: TemplateSet,
    splits: Sequence[str],
    *,
    builder: str,
    kind: Literal["instruction", "choice"],
    per_item: int | Literal["all"],
    seed: int,
) -> Iterator[Example | SetAside]:
    """The examples of these splits, and the rows that cannot be used with their reasons. Every row is read twice: once to rank
    it, once to render it. Raises InputError naming file, template, line and variable of a template that fits no row."""
    draw = Draw(len(found.templates), len(found.templates) if per_item == "all" else per_item, seed)
    names: set[str] = set()
    failures: list[SetAside] = []
    for item in set_items(found, splits, builder, names):
        if isinstance(item, Item):
            draw.add(item.id, item.label or "", item.row)
        else:
            failures.append(item) if len(failures) < _TRIED else None
    _check_names(found, names)
    if not len(draw) and failures:
        raise found.problem(f"no row can be used: {failures[0].detail}")
    same, other = draw.repeats()
    draw.rank(same)
    rendered: Counter[int] = Counter()
    failed: dict[int, list[RowProblem]] = {}
    place = -1
    for item in set_items(found, splits, builder, names):
        if isinstance(item, SetAside):
            yield item
            continue
        place += 1
        if place in other[:1]:
            raise found.problem(
                f"two rows that differ have the id {item.id!r}; say what tells rows apart: `id: EXPRESSION`", "id"
            )
        if place in same:
            yield SetAside(id=item.id, stage=builder, reason="same-row-twice", source=_source_text(item))
            continue
        for number in draw.templates(place):
            template = found.templates[number]
            try:
                yield example_of(found, item, template, builder, kind)
                rendered[number] += 1
            except RowProblem as problem:
                failed.setdefault(number, []).append(problem)
                if not rendered[number] and len(failed[number]) >= _TRIED:
                    raise _template_error(found, number, failed[number][0]) from problem
                detail = f"template {template.id}: {problem}"
                yield SetAside(
                    id=f"{item.id}/{template.id}", stage=builder, reason=problem.reason, detail=detail, source=_source_text(item)
                )
    for number, problems in failed.items():
        at_fault = [problem for problem in problems if problem.reason != "empty-value"]  # a few empty rows are the rows' fault
        if not rendered[number] and at_fault:
            raise _template_error(found, number, at_fault[0])


def set_items(found: TemplateSet, splits: Sequence[str], builder: str, names: set[str]) -> Iterator[Item | SetAside]:
    """Each row as templates see it, or why it cannot be used; notes the names of its columns."""
    for split in splits:
        for file, number, row in split_rows(found, split):
            names.update(row)
            place = f"{file}, row {number}" if file else f"row {number}"
            if deeper_than(_DEEPEST, row):
                detail = f"{place}: lists or mappings lie more than {_DEEPEST} deep within each other"
                name = f"{found.name}/{split}-{digest(place)}"
                yield SetAside(id=name, stage=builder, reason="nested-too-deeply", detail=detail)
                continue
            try:
                encoded(row)
            except UnicodeEncodeError:
                yield SetAside(
                    id=f"{found.name}/{split}-{digest([place, whole(row)])}",
                    stage=builder,
                    reason="half-a-character",
                    detail=f"{place}: a text holds half of a surrogate pair, which is no character",
                    source=_row_text(whole(row)),
                )
                continue
            try:
                yield item_of(found, split, file, number, row)
            except _Aside as aside:
                yield SetAside(
                    id=aside.id or f"{found.name}/{split}-{digest(row)}",
                    stage=builder,
                    reason=aside.reason,
                    detail=aside.detail,
                    source=_row_text(row),
                )


class _Aside(Exception):
    """A row that cannot be used."""

    def __init__(self, reason: str, detail: str | None, id: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.id = reason, detail, id


def item_of(found: TemplateSet, split: str, file: str, number: int, row: dict[str, Any]) -> Item:
    values: dict[str, Any] = {**row, "row": row, "split": split, "file": file, "number": number}
    budget = Budget()
    for name, expression in found.used_fields.items():
        values[name] = _value(expression, values, budget, f"fields.{name}")
    given = {key: _value(expression, values, budget, key) for key, expression in found.expressions.items()}
    for key in ("id", "cluster"):
        if key in given and given[key] in (None, ""):
            raise _Aside("missing-value", f"{key}: the value is empty")
    id = f"{found.name}/{split}-{given['id'] if 'id' in given else digest(row)}"
    for rule in found.aside:
        if _value(rule.when, values, budget, f"set_aside ({rule.reason})", id):
            raise _Aside(rule.reason, rule.detail, id)
    options, label = _label(found, given, id)
    cluster = given.get("cluster", id.removeprefix(f"{found.name}/"))
    source = given.get("source")
    return Item(
        id=id,
        split=split,
        row=row,
        values=values,
        cluster=f"{found.documents}/{cluster}",
        label=label,
        options=options,
        source=None if source is None else tidied(str(source)),
    )


def _value(expression: Expression, values: Mapping[str, Any], budget: Budget, key: str, id: str | None = None) -> Any:
    try:
        return expression.value(values, budget)
    except RowProblem as problem:
        raise _Aside(problem.reason, f"{key}: {problem}", id) from problem


def _label(found: TemplateSet, given: Mapping[str, Any], id: str) -> tuple[tuple[str, ...], str | None]:
    """The row's own options, if it has any, and its label as text: for options the number of the right one."""
    label = given.get("label")
    if "choices" in given:
        options = given["choices"]
        if not isinstance(options, list) or not all(isinstance(option, str) and option.strip() for option in options):
            raise _Aside("no-options", f"choices: expected a list of texts, got {options!r:.80}", id)
        options = tuple(tidied(options))
        if not 2 <= len(options) <= len(LETTERS) or len(set(options)) < len(options):
            raise _Aside("no-options", f"choices: expected 2 to {len(LETTERS)} different texts, got {options!r:.80}", id)
        if isinstance(label, str) and label.strip() in options:
            return options, str(options.index(label.strip()))
        if isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(options):
            return options, str(label)
        raise _Aside("unknown-label", f"{label!r} is neither one of the choices nor the number of one", id)
    if not found.templates[0].answers:
        return (), None if label is None else str(label)
    if str(label) not in found.templates[0].answers:
        raise _Aside("unknown-label", f"the label {label!r} has no answer; there are {', '.join(found.templates[0].answers)}", id)
    return (), str(label)


def example_of(
    found: TemplateSet, item: Item, template: InstructionTemplate, builder: str, kind: Literal["instruction", "choice"]
) -> Example:
    budget = Budget()
    values, responses = _answers(item, template, budget)
    instruction = template.instruction.render(values, budget)
    response = responses[values["_right"]] if responses else _response(template, values, budget)
    if not instruction or not response:
        raise RowProblem("empty-text", f"the {'instruction' if not instruction else 'response'} is empty")
    choices = tuple(responses) if template.choices and len(set(responses)) == len(responses) else ()
    if kind == "choice" and not choices:
        raise RowProblem("no-choices", "there are no answer options to choose from")
    meta: dict[str, Any] = {"template": template.id, "source_split": item.split}
    if item.split in found.evaluation:
        meta["evaluation"] = True
    if item.label is not None:
        meta["label"] = item.label
    if found.texts["response_language"] is not None:
        meta["languages"] = {"response": found.texts["response_language"]}
    if found.texts["revision"] is not None:
        meta["revision"] = found.texts["revision"]
    return instruction_example(
        f"{item.id}/{template.id}",
        instruction,
        response,
        language=str(found.texts["language"]),
        kind=kind,
        task=found.texts["task"],
        form=found.form,
        choices=choices,
        source=item.source,
        cluster_id=item.cluster,
        origin=Origin(builder=builder, dataset=found.name, licence=found.texts["licence"]),
        meta=meta,
    )


def _answers(item: Item, template: InstructionTemplate, budget: Budget) -> tuple[dict[str, Any], list[str]]:
    """What the template sees, and the response that each option would have got."""
    values: dict[str, Any] = tidied(item.values)
    if item.options:
        options, right = list(item.options), int(item.label or 0)
    elif template.answers and item.label is not None:
        options, right = list(template.answers.values()), list(template.answers).index(item.label)
    else:
        return values, []
    letters = [_letter(number) for number in range(len(options))]
    values |= {"options": options, "letters": letters}
    responses = [
        _response(template, {**values, "answer": option, "letter": letter}, budget)
        for option, letter in zip(options, letters, strict=True)
    ]
    return {**values, "answer": options[right], "letter": letters[right], "_right": right}, responses


def _letter(number: int) -> str:
    """A, B … Z, AA, AB …, as the columns of a spreadsheet."""
    more, last = divmod(number, len(LETTERS))
    return (_letter(more - 1) if more else "") + LETTERS[last]


def _response(template: InstructionTemplate, values: Mapping[str, Any], budget: Budget) -> str:
    try:
        return template.response.render(values, budget)
    except RowProblem as problem:
        problem.part = "response"
        raise


def _check_names(found: TemplateSet, columns: set[str]) -> None:
    """Raises an error naming the template, the line and the variable that no row has."""
    known = columns | set(found.fields) | set(BUILT_IN) | {"file", "number"}
    for number, template in enumerate(found.templates):
        for key, text in (("instruction", template.instruction), ("response", template.response)):
            _check_known(found, text.names, known, f"template {template.id!r}: ", "templates", number, key)
    for key, expression in found.expressions.items():
        _check_known(found, expression.names, known, "", key)
    for name, expression in found.fields.items():
        _check_known(found, expression.names, known, "", "fields", name)


def _check_known(found: TemplateSet, names: Mapping[str, int], known: set[str], what: str, *keys: str | int) -> None:
    for name, line in names.items():
        if name not in known:
            raise found.problem(f"{what}there is no {name!r} in the rows.{did_you_mean(name, known)}", *keys, line=line)


def _template_error(found: TemplateSet, number: int, problem: RowProblem) -> Exception:
    message = f"template {found.templates[number].id!r} fits no row: {problem}"
    return found.problem(message, "templates", number, problem.part, line=problem.line)


def _source_text(item: Item) -> str | None:
    return item.source or _row_text(item.row)


def _row_text(row: Mapping[str, Any]) -> str:
    return encoded(row).decode()
