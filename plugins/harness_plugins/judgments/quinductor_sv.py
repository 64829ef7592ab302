"""Human ratings of Swedish reading-comprehension questions with answers: 53 sentences, two systems, two raters, nine statements.

Kalpakchi & Boye, Automatically generating question-answer pairs for assessing basic reading comprehension in Swedish, 2022
(arXiv 2211.15568). People said how far they agree with each statement, from 1 (not at all) to 4 (fully). In four statements
agreement is praise, in five it is blame; the direction follows the statement's meaning (the authors' notebook names the same
ideal answers, 4 4 1 1 4 4 1 1 1):

=== ========================== ========= =========================================================================
no. criterion                  direction statement
=== ========================== ========= =========================================================================
1   question-grammatical       up        Frågan är grammatiskt korrekt.
2   question-understandable    up        Frågan är begriplig.
3   question-needs-more        down      Frågan vore klarare om den innehöll mer information.
4   question-needs-less        down      Frågan vore klarare om den innehöll mindre information.
5   question-relevant          up        Frågan är relevant för den givna meningen.
6   answer-correct             up        Det föreslagna svaret besvarar frågan korrekt.
7   answer-needs-rewording     down      Det föreslagna svaret vore klarare om det hade uttryckts på ett annat sätt.
8   answer-needs-more          down      Det föreslagna svaret vore klarare om den innehöll mer information.
9   answer-needs-less          down      Det föreslagna svaret vore klarare om den innehöll mindre information.
=== ========================== ========= =========================================================================
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError
from harness.protocols import DataFiles, JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Scale

NAME = "quinductor-sv"
VERSION = "1"
COMMIT = "065e6b2162bda7a4bbe6f8a8818b3628b87279f0"
DATA = DataFiles(
    folder="swe-quinductor-human-eval",
    base_url=f"https://raw.githubusercontent.com/dkalpakchi/swe_quinductor/{COMMIT}",
    files={
        "LICENSE": "cd272f4591b1b232da8ba7fe48f220b6aecb92e2dbd8b1794edcddb95c47ceba",
        "human_eval/sv_dev.json": "414dab84ccfe6b5fbde173a168d8e5e631b881d7ac48f2ffd02f7ca64b9e4b98",
        "human_eval/sv_test.json": "285cc460b5bf473f44ba866284340dc0f7c69ba354fd5997b04a10108c25dc10",
    },
    licence="MIT",
    source="https://github.com/dkalpakchi/swe_quinductor",
)

UP, DOWN = Scale(low=1, high=4), Scale(low=1, high=4, direction="down")
STATEMENTS = {
    "Frågan är grammatiskt korrekt.": ("question-grammatical", UP),
    "Frågan är begriplig.": ("question-understandable", UP),
    "Frågan vore klarare om den innehöll mer information.": ("question-needs-more", DOWN),
    "Frågan vore klarare om den innehöll mindre information.": ("question-needs-less", DOWN),
    "Frågan är relevant för den givna meningen.": ("question-relevant", UP),
    "Det föreslagna svaret besvarar frågan korrekt.": ("answer-correct", UP),
    "Det föreslagna svaret vore klarare om det hade uttryckts på ett annat sätt.": ("answer-needs-rewording", DOWN),
    "Det föreslagna svaret vore klarare om den innehöll mer information.": ("answer-needs-more", DOWN),
    "Det föreslagna svaret vore klarare om den innehöll mindre information.": ("answer-needs-less", DOWN),
}
LABELS = ("Meningen: ", "Frågan: ", "Det föreslagna svaret: ")
MACHINE, HUMAN = "gen", "gold"
SPLITS = {"both": ("dev", "test"), "dev": ("dev",), "test": ("test",)}
REMEDY = f"run `harness data check {NAME}` and `harness data get {NAME}`"


class _Model(msgspec.Struct):
    model: Literal["gen", "gold"]


class _Rating(msgspec.Struct):
    """How far one rater agrees with one statement."""

    statement: str = msgspec.field(name="answer_group")
    value: int
    extra: _Model


class _Rater(msgspec.Struct):
    user: str
    responses: dict[str, list[_Rating]]


class _File(msgspec.Struct):
    responses: list[_Rater]


class QuinductorSv:
    """Sentences, a generated and a human-written question with its answer, and two raters' word on nine statements.

    An output's text is the question and the answer, each on a line of its own. `split`: "dev" (29 sentences), "test" (24, those
    of the published agreement) or "both": no metric is trained here, so nothing speaks for leaving half of them out.
    `reference`: "gold" makes the human-written pair the reference of its sentence and declares the system `gold` to be the
    reference, so that it never meets itself; then one system is left, and only its outputs on different sentences can be
    compared. By default there is no reference.
    """

    def __init__(self, split: str = "both", reference: str | None = None) -> None:
        if split not in SPLITS:
            raise ValueError(f"split is one of {', '.join(SPLITS)}, got {split!r}")
        if reference not in (None, HUMAN):
            raise ValueError(f"reference is {HUMAN} or left out, got {reference!r}")
        self._splits = SPLITS[split]
        self._with_reference = reference is not None
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=tuple(criterion for criterion, _ in STATEMENTS.values()),
            reference_systems=(HUMAN,) if self._with_reference else (),
            licence=DATA.licence,
            citation="Kalpakchi & Boye 2022, Automatically generating question-answer pairs, arXiv 2211.15568",
            notes=tuple(_notes(self._with_reference)),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each sentence, then its generated and its human-written pair, each followed by its ratings."""
        folder = find_data(DATA, NAME) / "human_eval"
        for split in self._splits:
            path = folder / f"sv_{split}.json"
            yield from _records(split, path, _read(path), self._with_reference)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human ratings of Swedish question-answer pairs, generated and human-written: 53 sentences, 9 statements, 2 raters"
    return [JudgmentSourceSpec(NAME, build=QuinductorSv, version=VERSION, help=help, data=DATA)]


def _notes(with_reference: bool) -> Iterator[str]:
    yield "gen and gold differ on the surface (gen has spaces before commas), and gold is nearly always the better one"
    yield "statements that blame are turned by their scale's direction; most pairs are tied on them"
    yield "one of the two raters is called dmytro, as the first author is: a rater who knows the system"
    if with_reference:
        yield "gold is the reference, so gen stands alone on each sentence: take --systems gen and --grouping system"
    else:
        yield "no references by default: metrics that need one are not scored (reference=gold takes the human-written pair)"


def _read(path: Path) -> list[_Rater]:
    try:
        raters = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=_File).responses
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}; {REMEDY}") from error
    names = [rater.user for rater in raters]
    if not names or len(set(names)) < len(names):
        raise InputError(f"{path}: raters must be there and differ, got {', '.join(names) or 'none'}; {REMEDY}")
    for rater in raters:
        if rater.responses.keys() != raters[0].responses.keys():
            raise InputError(f"{path}: {rater.user} and {raters[0].user} rated different pairs; {REMEDY}")
    return raters


def _records(split: str, path: Path, raters: list[_Rater], with_reference: bool) -> Iterator[Example | Output | Judgment]:
    for number, (sentence, pairs) in enumerate(_by_sentence(path, raters[0]).items(), 1):
        references = (_text(pairs[HUMAN]),) if with_reference else ()
        example = Example(
            id=f"{NAME}/{split}-{number:03d}",
            kind="instruction",
            language="sv",
            task="question-generation",
            source=sentence,
            references=references,
            split=split,
            origin=Origin(builder=NAME, dataset=DATA.source, licence=DATA.licence),
        )
        yield example
        for system in (MACHINE, HUMAN):
            key = pairs[system]
            output = Output(id=f"{example.id}/{system}", example_id=example.id, system=system, text=_text(key))
            yield output
            for rater in raters:
                yield from _judgments(path, output.id, rater.user, key, rater.responses[key], system)


def _by_sentence(path: Path, rater: _Rater) -> dict[str, dict[str, str]]:
    """Sentence → system → the pair's key in the file; sentences sorted, since each rater saw another order."""
    found: dict[str, dict[str, str]] = {}
    for key, ratings in rater.responses.items():
        parts = key.split("<br>")
        if len(parts) != len(LABELS) or any(not part.startswith(label) for part, label in zip(parts, LABELS, strict=True)):
            raise InputError(
                f"{path}: expected `Meningen: …<br>Frågan: …<br>Det föreslagna svaret: …`, got {key!r:.80}; {REMEDY}"
            )
        system = ratings[0].extra.model if ratings else ""
        pairs = found.setdefault(parts[0].removeprefix(LABELS[0]), {})
        if system in pairs:
            raise InputError(f"{path}: two pairs of {system} for the sentence {parts[0]!r:.80}; {REMEDY}")
        pairs[system] = key
    for sentence, pairs in found.items():
        if set(pairs) != {MACHINE, HUMAN}:
            raise InputError(f"{path}: the sentence {sentence!r:.80} has pairs of {sorted(pairs)}, not of gen and gold; {REMEDY}")
    return dict(sorted(found.items()))


def _text(key: str) -> str:
    _, question, answer = key.split("<br>")
    return f"{question.removeprefix(LABELS[1])}\n{answer.removeprefix(LABELS[2])}"


def _judgments(path: Path, output_id: str, rater: str, key: str, ratings: list[_Rating], system: str) -> Iterator[Judgment]:
    given: Mapping[str, int] = {rating.statement: rating.value for rating in ratings}
    if given.keys() != STATEMENTS.keys() or len(ratings) != len(STATEMENTS):
        raise InputError(f"{path}: {rater} on {key!r:.80}: {len(ratings)} ratings that are not the nine statements; {REMEDY}")
    if any(rating.extra.model != system for rating in ratings):
        raise InputError(f"{path}: {rater} on {key!r:.80}: the ratings name different systems; {REMEDY}")
    for statement, (criterion, scale) in STATEMENTS.items():
        yield Judgment(output_id=output_id, rater=rater, criterion=criterion, value=given[statement], scale=scale)
