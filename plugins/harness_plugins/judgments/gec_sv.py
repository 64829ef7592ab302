"""Human ratings of Swedish grammatical error correction: 192 learner sentences, five systems, three criteria.

Östling, Gillholm, Kurfalı, Mattson & Wirén, Evaluation of Really Good Grammatical Error Correction, LREC-COLING 2024
(arXiv 2308.08982). GPL-3.0, so it is read from the data home and never shipped.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError, did_you_mean
from harness.protocols import DataFiles, JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Origin, Output, Scale

NAME = "gec-sv"
VERSION = "1"
COMMIT = "5ac81800f2b1a112c135ef4944f2867bbe3c4e9f"
DATA = DataFiles(
    folder="gec-evaluation-sv",
    base_url=f"https://raw.githubusercontent.com/robertostling/gec-evaluation/{COMMIT}",
    files={
        "LICENSE": "3972dc9744f6499f0f9b2dbf76696f2ae7ad8af9b23dde66d6af86c9dfb36986",
        "annotations/balanced_A/katarina.json": "9c63d12485252657fa458a205926678b59acaad0dded57acc28980f29e541925",
        "annotations/balanced_A/robert.json": "068601072b0782cda254c5a432f800cf0cebd6d0a66a7c621e623302e5b92b75",
        "annotations/balanced_B/katarina.json": "3f71ff0baf0973b846a89aad63a68370eba943653346e0e88b8df0fdbe5ddae9",
        "annotations/balanced_B/robert.json": "fd5b6875d353e8a4004f9d2e52a534ddb4ade99b4bf3f16d69e92a11e083182f",
        "annotations/balanced_C/katarina.json": "aaeaef7b8ce8e120d0bb35646eacf315ba3682719dd7397a72e3102c71f0f652",
        "annotations/balanced_C/robert.json": "ab3efcd5dd2e3fbf0803de022f7e02bec440489957488ce7c0c54738483dfb15",
        "annotations/round1/katarina.json": "88af362e6566b3595c99dddc77de3515dde39c4a9c71cc97097c5fb4e4156660",
        "annotations/round1/robert.json": "e20fbbc16cc692f39216c5f47955554d984d7f3b9660a814143b56dcaf7413c0",
        "annotations/round2/katarina.json": "d138a01d87aa8d4b0d485abb09601aaa85649193c319f81c99c8a1fd228e83c5",
        "annotations/round2/robert.json": "ddec84e24ad00ceb0d58e9c6b358125fcb4f0a5cc3dde94aad335bffdfc2dedd",
    },
    licence="GPL-3.0",
    source="https://github.com/robertostling/gec-evaluation",
)

RATERS = ("katarina", "robert")
# The authors' analysis script plots `mystery` as the fluent human paraphrase of the pilot rounds; mt-base is their MT baseline.
SYSTEM_SETS = {"machine": ("granska", "mt", "mt-base", "s2"), "human": ("mm", "mw", "mystery")}
SCALE = Scale(low=1, high=4)
MAIN, ROUND1, ROUND2 = ("balanced_A", "balanced_B", "balanced_C"), ("round1",), ("round2",)
PARTS = {"main": MAIN, "1": ROUND1, "2": ROUND2, "all": MAIN + ROUND1 + ROUND2}


class _Rating(msgspec.Struct):
    """One rater's word on one output; 0 is "other or noise"."""

    grammaticality: int = msgspec.field(name="Grammaticality")
    fluency: int = msgspec.field(name="Fluency")
    meaning: int = msgspec.field(name="Meaning Preservation")


class _Answer(msgspec.Struct):
    output: str
    annotators: dict[str, _Rating]


class _Item(msgspec.Struct):
    original: str
    reference: str
    systems: dict[str, _Answer]


class _File(msgspec.Struct):
    data: list[_Item]


CRITERIA = _Rating.__struct_fields__


class GecSv:
    """Learner sentences, corrections by five systems and their ratings, 1 to 4; a rating of 0 in the files is a missing one.

    `rounds`: "main" (192 items), "1" or "2" (pilot rounds, 10 items and 4 systems each, rated by both), or "all".
    `rater`: whose ratings are the primary ones; both raters' are always read.
    """

    def __init__(self, rounds: str | int = "main", rater: str = RATERS[0]) -> None:
        if str(rounds) not in PARTS:
            raise ValueError(f"rounds is one of {', '.join(PARTS)}, got {rounds!r}")
        if rater not in RATERS:
            raise ValueError(f"no rater {rater!r}.{did_you_mean(rater, RATERS)}")
        self._parts = PARTS[str(rounds)]
        present = {"granska", "s2"}
        present |= {"mt", "mm", "mw"} if "balanced_A" in self._parts else set()
        present |= {"mt-base", "mystery"} if "round1" in self._parts or "round2" in self._parts else set()
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=CRITERIA,
            primary_rater=rater,
            system_sets={name: tuple(s for s in systems if s in present) for name, systems in SYSTEM_SETS.items()},
            licence=DATA.licence,
            citation="Östling et al. 2024, Evaluation of Really Good Grammatical Error Correction, LREC-COLING 2024",
            notes=tuple(_notes(self._parts)),
        )

    def read(self) -> Iterator[Example | Output | Judgment]:
        """Each example, then each of its outputs followed by its ratings, in the files' order."""
        folder = find_data(DATA, NAME)
        for part in self._parts:
            files = {rater: _read(folder / "annotations" / part / f"{rater}.json") for rater in RATERS}
            _check_same(folder / "annotations" / part, files)
            yield from _records(part, files)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human ratings of Swedish grammatical error correction: 192 items, 5 systems, 3 criteria"
    return [JudgmentSourceSpec(NAME, build=GecSv, version=VERSION, help=help, data=DATA)]


def _notes(parts: tuple[str, ...]) -> Iterator[str]:
    yield "texts are tokenized with spaces, as their authors published them; a rating of 0 (other or noise) is missing"
    if "balanced_A" in parts:
        yield "the main set has one rater; a second one (robert) rated 11 items of level A"
    if "round1" in parts or "round2" in parts:
        yield "pilot rounds: mystery is the fluent human paraphrase, mt-base the MT baseline of the time"


def _read(path: Path) -> list[_Item]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).data
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}; run `harness data check {NAME}` and `harness data get {NAME}`") from error


def _check_same(folder: Path, files: Mapping[str, list[_Item]]) -> None:
    first, second = ([_texts(item) for item in files[rater]] for rater in RATERS)
    if len(first) != len(second):
        raise InputError(f"{folder}: the raters' files hold {len(first)} and {len(second)} items; run `harness data get {NAME}`")
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        if one != other:
            raise InputError(f"{folder}: data[{number}] differs between the raters' files; run `harness data get {NAME}`")


def _texts(item: _Item) -> tuple[str, str, dict[str, str]]:
    return item.original, item.reference, {system: answer.output for system, answer in item.systems.items()}


def _records(part: str, files: Mapping[str, list[_Item]]) -> Iterator[Example | Output | Judgment]:
    level = part.removeprefix("balanced_") if part in MAIN else None
    prefix = level.lower() if level else part
    for number, item in enumerate(files[RATERS[0]]):
        example = Example(
            id=f"{NAME}/{prefix}-{number + 1:03d}",
            kind="instruction",
            language="sv",
            task="gec",
            source=item.original,
            references=(item.reference,),
            # The same learner sentence in two parts is one draw of the bootstrap, so the cluster is named by the sentence.
            cluster_id=f"{NAME}/{hashlib.sha256(item.original.encode()).hexdigest()[:16]}",
            split="main" if level else part,
            origin=Origin(builder=NAME, dataset=DATA.source, licence=DATA.licence),
            meta={"cefr": level} if level else {},
        )
        yield example
        for system, answer in item.systems.items():
            output = Output(id=f"{example.id}/{system}", example_id=example.id, system=system, text=answer.output)
            yield output
            for rater in RATERS:
                rating = files[rater][number].systems[system].annotators.get(rater)
                if rating is not None:
                    yield from _judgments(output.id, rater, rating)


def _judgments(output_id: str, rater: str, rating: _Rating) -> Iterator[Judgment]:
    for criterion in CRITERIA:
        value = getattr(rating, criterion)
        yield Judgment(
            output_id=output_id,
            rater=rater,
            criterion=criterion,
            value=float(value) if value else None,
            scale=SCALE,
            note=None if value else "rated 0: other or noise",
        )
