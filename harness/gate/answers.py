"""Answers that judges are asked about, one example a line: what was asked, what each system said, how people rated it.

{"id": "capital", "language": "en", "messages": [["user", "…"]], "answers": {"a": "Oslo."}, "ratings": {"anna": {"a": 3}}}
"""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import InputError
from harness.judgments import JudgmentSet
from harness.records import Example, Judgment, JudgmentInfo, Message, Origin, Output, Preference, Role, Scale, TextPart
from harness.whole_files import read_file

CRITERION = "overall"


class Answered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line. `answers`: system → text (None: it said nothing); `ratings`: rater → system → rating from 1 to 3; `preferences`:
    two systems, the rater, and which of the two is better."""

    id: str
    language: str
    messages: list[tuple[Role, str]]
    answers: dict[str, str | None]
    source: str | None = None
    references: list[str] = []
    choices: list[str] = []
    ratings: dict[str, dict[str, float | None]] = {}
    preferences: list[tuple[str, str, str, Literal["a", "b", "tie"]]] = []


def read_answers(path: Path) -> JudgmentSet:
    """The file's examples, answers, ratings and preferences, in its order; InputError naming file and line.

    Outputs are called `EXAMPLE-SYSTEM`.
    """
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    decoder = msgspec.json.Decoder(Answered)
    lines: dict[str, Answered] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        _check(found, lines, f"{path}, line {number}")
        lines[found.id] = found
    if not lines:
        raise InputError(f"{path}: holds no answers")
    every = list(lines.values())
    return JudgmentSet(
        info=JudgmentInfo(name=path.stem, version="1", criteria=(CRITERION,)),
        examples=tuple(map(_example, every)),
        outputs=tuple(
            Output(id=f"{one.id}-{system}", example_id=one.id, system=system, text=text)
            for one in every
            for system, text in one.answers.items()
        ),
        judgments=tuple(
            Judgment(
                output_id=f"{one.id}-{system}", rater=rater, criterion=CRITERION, value=value, scale=Scale(low=1.0, high=3.0)
            )
            for one in every
            for rater, given in one.ratings.items()
            for system, value in given.items()
        ),
        preferences=tuple(
            Preference(output_a=f"{one.id}-{a}", output_b=f"{one.id}-{b}", rater=rater, criterion=CRITERION, winner=winner)
            for one in every
            for a, b, rater, winner in one.preferences
        ),
        digest=hashlib.sha256(data).hexdigest(),
    )


def _example(one: Answered) -> Example:
    return Example(
        id=one.id,
        kind="choice" if one.choices else "chat" if len(one.messages) > 1 else "instruction",
        language=one.language,
        messages=tuple(Message(role=role, parts=(TextPart(text=text),)) for role, text in one.messages),
        references=tuple(one.references),
        choices=tuple(one.choices),
        source=one.source,
        origin=Origin(builder="gate"),
    )


def _check(one: Answered, known: dict[str, Answered], where: str) -> None:
    if not one.id.strip():
        raise InputError(f"{where}: the id is empty")
    if one.id in known:
        raise InputError(f"{where}: the id {one.id!r} is there twice")
    named = {system for given in one.ratings.values() for system in given}
    named |= {system for a, b, _, _ in one.preferences for system in (a, b)}
    unknown = sorted(named - one.answers.keys())
    if unknown:
        raise InputError(f"{where}: {unknown[0]!r} is rated and has no answer; there are {', '.join(one.answers)}")
    ratings = [value for given in one.ratings.values() for value in given.values() if value is not None]
    if any(not 1 <= value <= 3 for value in ratings):
        raise InputError(f"{where}: a rating lies from 1 to 3")
