"""Items for a reader: a card with the prompt, what was expected, and the answer of every model."""

from dataclasses import dataclass

from harness.leaderboard.html import words
from harness.leaderboard.html.answers import Chosen, TaskAnswers
from harness.leaderboard.records import Item, TaskInfo
from harness.report.html.text import figure, finite, language_tag

PROMPT, ANSWER = 1_200, 1_500  # characters of a text that the page shows


@dataclass(frozen=True)
class AnswerView:
    """What one model said of an item: its answer, the value by the task's own metric, other values."""

    place: int
    model: str
    text: str
    scores: tuple[tuple[str, str], ...]
    value: str
    others: str


@dataclass(frozen=True)
class ItemView:
    """An item for a reader. `task`: its place among the tasks; `lower`: the lower value is the better one."""

    id: str
    task: int
    name: str
    key: str
    differ: bool
    prompt: str
    target: str
    choices: str
    language: str | None
    lower: bool
    answers: tuple[AnswerView, ...]


def item_views(answers: TaskAnswers, place: int, task: TaskInfo | None) -> tuple[ItemView, ...]:
    """The chosen items of a task."""
    return tuple(_item(one, answers, place, task, number) for number, one in enumerate(answers.chosen, 1))


def cut_middle(text: str, most: int) -> str:
    """The text, or its beginning and its end (a prompt's question stands last) and how much is left out between them."""
    if len(text) <= most:
        return words.shown(text, most)
    head = most * 2 // 5
    left = len(text) - most
    return f"{words.shown(text[:head])} … ({left:,} characters left out) … {words.shown(text[left + head :])}"


def _item(one: Chosen, answers: TaskAnswers, place: int, task: TaskInfo | None, number: int) -> ItemView:
    first = next(iter(one.items.values()))
    likely = bool(task and (task.output_type or "").startswith("loglikelihood"))
    lower = not answers.columns[0].higher_is_better
    choices = [words.shown(choice, 300) for choice in first.choices]
    return ItemView(
        id=f"item-{place}-{number}",
        task=place,
        name=words.named(answers.task),
        key=words.shown(one.key[:12]),
        differ=one.differ,
        prompt=cut_middle(first.prompt or "", PROMPT),
        target="" if first.target == first.prompt else cut_middle(_target(first), PROMPT),
        choices=" · ".join(choices),
        language=language_tag(task.language) if task and task.language else None,
        lower=lower,
        answers=tuple(_answer(answers, model, item, likely) for model, item in one.items.items()),
    )


def _target(item: Item) -> str:
    """The right answer as text: lm-eval gives the number of a choice."""
    target = item.target or ""
    return item.choices[int(target)] if target.isdecimal() and len(target) < 4 and int(target) < len(item.choices) else target


def _answer(answers: TaskAnswers, model: str, item: Item, likely: bool) -> AnswerView:
    values = [(column.metric, answers.values.get((column.key, model), {}).get(item.key)) for column in answers.columns]
    scores = tuple((words.named(metric), figure(value)) for metric, value in values if value is not None)
    main = values[0][1]
    text, others = _said(item, likely)
    place = answers.models.index(model)
    return AnswerView(place, words.named(model), text, scores, "" if main is None else f"{main:.7g}", others)


def _said(item: Item, likely: bool) -> tuple[str, str]:
    """What the model said; else the choice it finds likeliest and its log-likelihood of each, or that of the text."""
    numbers = [_number(answer) for answer in item.answers]
    if item.choices and len(numbers) == len(item.choices) and None not in numbers:
        best = max(range(len(numbers)), key=lambda place: numbers[place] or 0.0)
        each = (f"{words.shown(choice, 60)} {figure(value)}" for choice, value in zip(item.choices, numbers, strict=True))
        return cut_middle(item.choices[best], ANSWER), "log-likelihoods: " + " · ".join(each)
    if likely and len(numbers) == 1 and numbers[0] is not None:
        return "", f"log-likelihood {figure(numbers[0])}"
    if len(item.answers) <= 1:
        return cut_middle(item.answers[0] if item.answers else "", ANSWER), ""
    part = ANSWER // min(len(item.answers), 5)
    shown = [f"({n}) {cut_middle(answer, part)}" for n, answer in enumerate(item.answers[:5], 1)]
    return "\n".join(shown), "" if len(item.answers) <= 5 else f"{len(item.answers) - 5:,} more answers"


def _number(text: str) -> float | None:
    try:
        return finite(float(text))
    except ValueError:
        return None
