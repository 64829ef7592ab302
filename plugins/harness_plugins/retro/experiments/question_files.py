"""Questions with short answers about documents: SweQUAD's, or JSON Lines of one's own."""

import json
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.errors import InputError
from harness_plugins.datasets.native_text.reading import source_files, text_source
from harness_plugins.datasets.native_text.sets import READY
from harness_plugins.retro.database.tokenizers import Tokenizer
from harness_plugins.retro.database.writing import text_digest

Pairs = list[tuple[str, str]]


class Question(NamedTuple):
    """A question, its answer, and the digest of the document that it is about; None: of none in particular."""

    question: str
    answer: str
    document: str | None


def read_questions(name: str) -> list[Question]:
    """The questions of a ready set of SweQUAD's kind (`swequad-mc`), of a file of its JSON, or of JSON Lines with `question`,
    `answer` and, where they are about one, `document` (its text), each once. Raises InputError with the file, and the line, of
    what is none."""
    if name in READY and READY[name].settings.get("format") == "swequad":
        (path,) = source_files(text_source(name))
    else:
        path = Path(name).expanduser()
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: questions cannot be read ({error}); give a file of JSON Lines, or swequad-mc") from error
    found = _swequad(text, path) if path.suffix == ".json" else _lines(text, path)
    if not found:
        raise InputError(f"{path} holds no questions")
    return list(dict.fromkeys(found))


def asked_and_shots(name: str, documents: Collection[str], tokenizer: Tokenizer, most: int, seed: int) -> tuple[Pairs, Pairs]:
    """Of the questions of that name, in an order drawn by the seed, at most so many with short answers about these documents
    (digests) or about none in particular, and `SHOTS` others that stand before each. Raises InputError where there are none."""
    from harness_plugins.retro.experiments.questions import LONGEST, SHOTS, short

    questions = read_questions(name)
    order = np.random.default_rng(seed).permutation(len(questions)).tolist()
    fitting = set(short([(one.question, one.answer) for one in questions], tokenizer))
    known = [questions[place] for place in order if place in fitting]
    inside = [one for one in known if one.document is None or one.document in documents]
    chosen = inside[: min(most, max(len(known) - SHOTS, 0))]
    asked = {one.question for one in chosen}  # a question may be in the file about several documents
    rest = [one for one in known if one.question not in asked]
    shots = sorted(rest, key=lambda one: one.document is None or one.document in documents)[:SHOTS]  # strangers first
    if not chosen or len(shots) < SHOTS:
        raise InputError(
            f"{name}: of {len(questions):,} questions {len(known):,} have an answer of at most {LONGEST} tokens, {len(inside):,} "
            f"of them about a document of the database; at least 1 of those and {SHOTS} others are needed"
        )
    return _pairs(chosen), _pairs(shots)


def _pairs(questions: Sequence[Question]) -> Pairs:
    return [(one.question, one.answer) for one in questions]


def _swequad(text: str, path: Path) -> list[Question]:
    try:
        return [
            Question(row["question"].strip(), _right(row)["text"].strip(), text_digest(row["context"]))
            for row in json.loads(text)["data"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise InputError(f"{path}: expected SweQUAD's JSON: data[] of context, question and choices ({error!r:.80})") from error


def _right(row: Any) -> Any:
    return next(one for one in row["choices"] if one["type"] == "Correct answer")


def _lines(text: str, path: Path) -> list[Question]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):  # a text may hold what splitlines takes for the end of a line
        if not line.strip():
            continue
        try:
            found.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f'{path}, line {number}: expected {{"question": …, "answer": …}}, with "document" where it is about one '
                f"({error!r:.120})"
            ) from error
    return found


def _question(row: Any) -> Question:
    question, answer, document = row["question"].strip(), row["answer"].strip(), row.get("document")
    if not question or not answer:
        raise ValueError(f"{'answer' if question else 'question'} is blank")
    near = [] if "document" in row else get_close_matches("document", row, 1, 0.85)  # other keys, an id or a source, may be there
    if near:
        raise ValueError(f"unknown key {near[0]!r}. Did you mean 'document'?")
    return Question(question, answer, None if document is None else text_digest(document))
