"""Human preferences between answers of five instruction-tuned models: 999 pairs on 170 English instructions, three raters.

Wang et al., PandaLM: An Automatic Evaluation Benchmark for LLM Instruction Tuning Optimization, ICLR 2024 (arXiv 2306.05087).
Two judges' verdicts on the same pairs are in the release and are read as recorded ones.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from harness import hookimpl
from harness.data import find_data
from harness.errors import InputError, did_you_mean
from harness.protocols import DataFiles, JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Origin, Output, Preference
from harness_plugins.judgments.table import output_id

NAME = "pandalm"
VERSION = "1"
COMMIT = "3871806e72b4832f815ecafd24d3503c73403f48"
PAIRS = "data/testset-v1.json"
JUDGES = {"gpt-3.5-turbo": "data/gpt-3.5-turbo-testset-v1.json", "pandalm-7b": "data/pandalm-7b-testset-v1.json"}
DATA = DataFiles(
    folder="pandalm-testset",
    base_url=f"https://raw.githubusercontent.com/WeOpenML/PandaLM/{COMMIT}",
    files={
        "LICENSE": "4670bc86a291c1bf35e91e20da0cb534fc255c9f20c2ed6380e7538e8b421ba3",
        PAIRS: "cc154f9067c7382d7ea86f8f246511a5e1ac87e1fddd845c5938d789505b07a4",
        JUDGES["gpt-3.5-turbo"]: "4c00aa7b3eeae504050a037422ba6f5b0a2ee041680f47bb77b8a4b549b128e3",
        JUDGES["pandalm-7b"]: "9a40b62a7bb2aa87ca77eb8bfcb51539b5a62f974ce91678d30e834d65ed0a7e",
    },
    licence="Apache-2.0",
    source="https://github.com/WeOpenML/PandaLM",
)
CRITERION = "preference"
RATERS = ("annotator1", "annotator2", "annotator3")
NOTES = (
    "the authors left out pairs on which raters diverged much: agreement, and what a metric can reach, is that of easier pairs",
    "no reference is human; what a judge wrote stands in for one only if asked for (references=gpt-3.5-turbo)",
    "six answers are the JSON value true in the file; they are read as the text True",
)
LLM_REFERENCES = (
    "references were written by a language model that also judged the pairs: they are not human, and may favour what it prefers"
)

_WINNERS: dict[int, Literal["tie", "a", "b"]] = {0: "tie", 1: "a", 2: "b"}
_VERDICTS: dict[str, str | None] = {"0": "tie", "Tie": "tie", "1": "first", "2": "second", "garbage": None}
_GARBAGE = 'recorded as "garbage"; the reply itself was not published'


class _Pair(msgspec.Struct):
    idx: int
    motivation_app: str
    cmp_key: str
    instruction: str
    input: str
    response1: str | bool  # six answers "True" were written to JSON as true
    response2: str | bool
    annotator1: Literal[0, 1, 2]
    annotator2: Literal[0, 1, 2]
    annotator3: Literal[0, 1, 2]


class _GptVerdict(msgspec.Struct):
    idx: int
    result: Literal["1", "2", "Tie", "garbage"] = msgspec.field(name="gpt_result")
    reason: str = msgspec.field(name="gpt_reason")
    reference: str = msgspec.field(name="gpt_reference")


class _PandaVerdict(msgspec.Struct):
    idx: int
    result: Literal[0, 1, 2] = msgspec.field(name="pandalm_result")
    reason: str = msgspec.field(name="pandalm_reason")
    reference: str = msgspec.field(name="pandalm_reference")


_VERDICT_TYPES: dict[str, type[_GptVerdict] | type[_PandaVerdict]] = {"gpt-3.5-turbo": _GptVerdict, "pandalm-7b": _PandaVerdict}
T = TypeVar("T")


@dataclass
class _Item:
    """One instruction: its answers, (system, text) → number of the sample; its pairs, each with its index; and its references."""

    number: int
    first: _Pair
    samples: dict[tuple[str, str], int] = field(default_factory=dict)
    pairs: list[tuple[int, _Pair, tuple[str, str], tuple[str, str]]] = field(default_factory=list)
    references: dict[str, None] = field(default_factory=dict)


class PandaLM:
    """Instructions, models' answers and three raters' preferences; equal texts of one model on one instruction are one output.

    `references`: None, or the judge ("gpt-3.5-turbo", "pandalm-7b") whose own answers stand in for references: every distinct one
    that it wrote for the instruction's pairs. They are a language model's, not people's.
    """

    def __init__(self, references: str | None = None) -> None:
        if references is not None and references not in JUDGES:
            raise ValueError(f"references is a judge who wrote some, got {references!r}.{did_you_mean(str(references), JUDGES)}")
        self._references = references
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=(CRITERION,),
            licence=DATA.licence,
            citation="Wang et al. 2024, PandaLM: An Automatic Evaluation Benchmark for LLM Instruction Tuning Optimization, ICLR",
            notes=NOTES if references is None else (*NOTES, LLM_REFERENCES),
        )

    def read(self) -> Iterator[Example | Output | Preference]:
        """Each instruction, then its answers, then the preferences between them, in the file's order."""
        folder = find_data(DATA, NAME)
        pairs = _decode(folder / PAIRS, _Pair)
        verdicts = {judge: _decode(folder / path, _VERDICT_TYPES[judge]) for judge, path in JUDGES.items()}
        for judge, said in verdicts.items():
            _check_same(folder / PAIRS, pairs, folder / JUDGES[judge], said)
        items: dict[tuple[str, str], _Item] = {}
        for index, pair in enumerate(pairs):
            item = items.setdefault((pair.instruction, pair.input), _Item(len(items) + 1, pair))
            systems = _systems(folder / PAIRS, index, pair)
            answers = [(systems[0], str(pair.response1)), (systems[1], str(pair.response2))]
            for system, text in answers:
                earlier = sum(known == system for known, _ in item.samples)
                item.samples.setdefault((system, text), earlier)
            item.pairs.append((index, pair, answers[0], answers[1]))
            reference = "" if self._references is None else verdicts[self._references][index].reference
            if reference.strip():
                item.references.setdefault(reference)
        for item in items.values():
            yield from _records(item, verdicts)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = "human preferences between answers of five models: 999 pairs, 3 raters, English; two judges' verdicts recorded"
    return [JudgmentSourceSpec(NAME, build=PandaLM, version=VERSION, help=help, data=DATA)]


def _decode(path: Path, kind: type[T]) -> list[T]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[kind])  # type: ignore[valid-type]  # a type known at run time
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}; run `harness data check {NAME}` and `harness data get {NAME}`") from error


def _check_same(path: Path, pairs: list[_Pair], judged: Path, said: list[Any]) -> None:
    if [pair.idx for pair in pairs] != [verdict.idx for verdict in said]:
        raise InputError(
            f"{judged}: its idx are not those of {path.name}, so verdicts cannot be matched; run `harness data get {NAME}`"
        )


def _systems(path: Path, index: int, pair: _Pair) -> list[str]:
    systems = pair.cmp_key.split("_")
    if len(systems) != 2 or systems[0] == systems[1]:
        raise InputError(f"{path}: [{index}].cmp_key must name two models, MODEL_MODEL, got {pair.cmp_key!r}")
    return systems


def _records(item: _Item, verdicts: dict[str, list[Any]]) -> Iterator[Example | Output | Preference]:
    text = "\n\n".join(part for part in (item.first.instruction, item.first.input) if part)
    example = Example.from_instruction(
        f"{NAME}/{item.number:03d}",
        text,
        item.references,
        language="en",
        # Pairs on one instruction share answers and raters' view of it, so they are one draw of the bootstrap.
        cluster_id=f"{NAME}/{hashlib.sha256(item.first.instruction.encode()).hexdigest()[:16]}",
        origin=Origin(builder=NAME, dataset=DATA.source, licence=DATA.licence),
        meta={"application": item.first.motivation_app},
    )
    yield example
    ids = {answer: output_id(example.id, answer[0], sample) for answer, sample in item.samples.items()}
    recorded: dict[str, dict[str, dict[str, Any]]] = {}
    for index, _, first, second in item.pairs:
        for judge, said in verdicts.items():
            by_judge = recorded.setdefault(ids[first], {}).setdefault(judge, {})
            by_judge[ids[second]] = _verdict(said[index])
    for answer, sample in item.samples.items():
        held = recorded.get(ids[answer])
        meta = {} if held is None else {"recorded_verdicts": held}
        yield Output(id=ids[answer], example_id=example.id, system=answer[0], sample=sample, text=answer[1], meta=meta)
    for _, pair, first, second in item.pairs:
        for rater in RATERS:
            winner = _WINNERS[getattr(pair, rater)]
            yield Preference(output_a=ids[first], output_b=ids[second], rater=rater, criterion=CRITERION, winner=winner)


def _verdict(said: Any) -> dict[str, Any]:
    winner = _VERDICTS[str(said.result)]
    return {"winner": winner, "reply": said.reason or (_GARBAGE if winner is None else None)}
