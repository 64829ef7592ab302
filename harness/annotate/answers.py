"""Whether an answer fits its task, and what a training item says to it."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.annotate.contents import Answered, Content, Step, known_item
from harness.annotate.errors import InvalidAnswers
from harness.annotate.study import Study, allowed_answers, expected_answers
from harness.annotate.views import Answers, Feedback

_CLIENT_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}\Z")
LONGEST_NOTE = 2_000  # characters of a comment, on the page and in a sheet
_LONGEST_TIME = 64


def check_submission(
    study: Study,
    step: Step,
    answers: Answers,
    client_id: str,
    client_time: str | None,
    seconds: float | None,
    note: str | None,
) -> str:
    """The content to store, as JSON with its keys in order; raises InvalidAnswers naming everything that does not fit."""
    problems = wrong_answers(study, step.form, answers)
    if not isinstance(client_id, str) or not _CLIENT_ID.match(client_id):
        problems["client_id"] = "8 to 64 letters, digits and - _ . : (a UUID, say)"
    if client_time is not None and (not isinstance(client_time, str) or len(client_time) > _LONGEST_TIME):
        problems["client_time"] = f"a time as text of at most {_LONGEST_TIME} characters"
    elif client_time is not None and not client_time.isprintable():
        problems["client_time"] = "a time as printable text"
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        problems["seconds"] = "a number of seconds"
    elif seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        problems["seconds"] = "a finite number of seconds, 0 or more"
    if note is not None and not isinstance(note, str):
        problems["note"] = "text"
    elif note is not None and len(note) > LONGEST_NOTE:
        problems["note"] = f"at most {LONGEST_NOTE} characters"
    if problems:
        what = "; ".join(f"{key}: {problem}" for key, problem in problems.items())
        raise InvalidAnswers(f"task {step.position}: {what}", problems)
    ordered = {criterion: answers[criterion] for criterion in allowed_answers(study, step.form)}
    said = None if note is None or not note.strip() else note.strip().encode("utf-8", "replace").decode()
    return msgspec.json.encode(Content(answers=ordered, note=said)).decode()


def wrong_answers(study: Study, form: str, answers: Mapping[str, Any]) -> dict[str, str]:
    """Criterion → what is wrong with its answer; empty if all criteria have one that can be given."""
    allowed = allowed_answers(study, form)
    problems = {}
    for criterion, values in allowed.items():
        if criterion not in answers:
            problems[criterion] = "has no answer"
            continue
        value = answers[criterion]
        if value is None and study.cannot_judge:
            continue
        if type(value) not in (int, str) or value not in values:
            problems[criterion] = f"{_shown(value)} is not one of {', '.join(map(str, values))}"
    for criterion in answers:
        if criterion not in allowed:
            problems[criterion] = "is not asked here"
    return problems


def feedback_on(study: Study, step: Step, answers: Answers) -> Feedback | None:
    """What a training item says to these answers; None for any other task."""
    known = known_item(study, step) if step.kind == "training" else None
    if known is None:
        return None
    wrong = wrong_of_known(study, step, answers)
    expected = {criterion: expected_answers(values) for criterion, values in known.expected.items()}
    return Feedback(right=not wrong, expected=expected, wrong=wrong, text=known.feedback)


def wrong_of_known(study: Study, step: Step | Answered, answers: Answers) -> tuple[str, ...]:
    """The criteria on which the answers are not the expected ones, of a training item or an attention check."""
    known = known_item(study, step)
    if known is None:
        return ()
    return tuple(
        criterion for criterion, values in known.expected.items() if answers.get(criterion) not in expected_answers(values)
    )


def _shown(value: Any) -> str:
    return "no judgment" if value is None else f"{value!r:.40}"
