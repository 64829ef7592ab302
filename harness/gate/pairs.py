"""The frozen pairs: a file of answers with references as a set of examples and outputs."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import InputError
from harness.gate.config import set_name
from harness.judgments import JudgmentSet
from harness.records import Example, JudgmentInfo, Origin, Output
from harness.whole_files import read_file

_DIGITS = 10  # of a digest of a pair's texts
_MOST = 10_000_000  # characters of one text


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: an answer with its references. `repeat_text` and `repeat_reference`: how often each text is repeated."""

    id: str
    language: str
    instruction: str
    references: list[str]
    text: str
    form: Literal["short", "long"] | None = None
    source: str | None = None
    repeat_text: int = 1
    repeat_reference: int = 1


def read_pairs(path: Path) -> JudgmentSet:
    """The file's pairs, one example and one output each, under their ids; InputError naming file and line."""
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    decoder = msgspec.json.Decoder(Pair)
    pairs: dict[str, Pair] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            pair = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        _check(pair, pairs, f"{path}, line {number}")
        pairs[pair.id] = pair
    if not pairs:
        raise InputError(f"{path}: holds no pairs")
    name = set_name(path)
    return JudgmentSet(
        info=JudgmentInfo(name=name, version="1"),
        examples=tuple(_example(name, pair) for pair in pairs.values()),
        outputs=tuple(_output(name, pair) for pair in pairs.values()),
        digest=_digest(pairs.values()),
    )


def _digest(pairs: Iterable[Pair]) -> str:
    """Of what the pairs say and their order, however their lines are written: line ends, blank lines and the order of keys."""
    return hashlib.sha256(b"\n".join(map(msgspec.json.encode, pairs))).hexdigest()


def text_digests(data: JudgmentSet) -> dict[str, str]:
    """Pair → a digest of all that a metric sees of it, which is short since it only has to tell a pair from its own past."""
    examples = {example.id: example for example in data.examples}
    return {
        output.id: hashlib.sha256(msgspec.json.encode([output.text, examples[output.example_id]])).hexdigest()[:_DIGITS]
        for output in data.outputs
    }


def _check(pair: Pair, known: dict[str, Pair], where: str) -> None:
    if not pair.id.strip():
        raise InputError(f"{where}: the id is empty")
    if pair.id in known:
        raise InputError(f"{where}: the id {pair.id!r} is there twice")
    if min(pair.repeat_text, pair.repeat_reference) < 1:
        raise InputError(f"{where}: repeat_text and repeat_reference are at least 1")
    longest = max([len(pair.text) * pair.repeat_text, *(len(one) * pair.repeat_reference for one in pair.references)])
    if longest > _MOST:
        raise InputError(f"{where}: a text of {longest:,} characters; at most {_MOST:,}")


def _output(name: str, pair: Pair) -> Output:
    return Output(id=pair.id, example_id=f"{name}/{pair.id}", system="gate", text=pair.text * pair.repeat_text)


def _example(name: str, pair: Pair) -> Example:
    return Example.from_instruction(
        f"{name}/{pair.id}",
        pair.instruction,
        [one * pair.repeat_reference for one in pair.references],
        language=pair.language,
        form=pair.form,
        source=pair.source,
        origin=Origin(builder="gate", dataset=name),
    )
