"""The files of the SweCTRL-Mini evaluation: annotated texts, and which of the two published generation files each comes from."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import yaml

from harness.errors import InputError

GPT3, SWECTRL, UNATTRIBUTED = "gpt-3", "swectrl-mini", "unattributed"
PARTS = ("p0", "p1")
REMEDY = "run `harness data check swectrl-sv` and `harness data get swectrl-sv`"
_MOST_BYTES = 64 << 20  # unpacked; the real archives hold under one megabyte
_FURTHEST = 20  # letters of junk that may stand before a prompt
# The control codes of SweCTRL-Mini are words with colons (`:blogg::idrott:`); the authors removed most of them, but not all.
_CODE = re.compile(r":?(?:[^\W\d_]+:{1,2})+\$?")

T = TypeVar("T")
ErrorName = Literal["Grammatical error", "Vocabulary error", "Factual error"]
RemarkName = Literal["Topic shift", "Stylistical error", "Other errors", "Fully correct"]


class _ErrorMarker(msgspec.Struct):
    name: ErrorName


class ErrorLabel(msgspec.Struct):
    """A marked error; the offsets are meant to be those of `text` in the annotated text."""

    marker: _ErrorMarker
    text: str
    start: int
    end: int


class _RemarkMarker(msgspec.Struct):
    name: RemarkName


class Remark(msgspec.Struct):
    """A word on the whole text."""

    marker: _RemarkMarker
    content: str


class Annotation(msgspec.Struct):
    labels: list[ErrorLabel] = []
    inputs: list[Remark] = []


class _Row(msgspec.Struct):
    context: str
    num: int
    annotations: list[Annotation]


class _Results(msgspec.Struct):
    data: list[_Row]


class _Choice(msgspec.Struct):
    text: str


class _Completion(msgspec.Struct):
    choices: list[_Choice]


class _Gpt3(msgspec.Struct):
    text: str
    cat: str
    res: _Completion


class _SweCtrl(msgspec.Struct):
    text: str
    control: str
    prompt: str


@dataclass(frozen=True)
class Prompt:
    """A prompt of a text type. `kind` says what it is about; `instruction` is what the raters were told the text should be."""

    text_type: str
    kind: str
    text: str
    instruction: str


@dataclass(frozen=True)
class AnnotatedText:
    """A text with its annotation; `number` counts within its part."""

    part: str
    number: int
    system: str
    prompt: Prompt
    text: str
    annotation: Annotation


@dataclass(frozen=True)
class _Generation:
    system: str
    text_type: str
    prompt: str
    letters: str


def read_texts(folder: Path) -> list[AnnotatedText]:
    """Every annotated text with its system and prompt, in the files' order. `folder` holds the archives and prompts.yaml.

    A text is attributed to the one published generation whose letters are the same (digits, signs and spaces were changed by the
    annotation tool, control codes were removed). Raises InputError naming the archive, the member and what is wrong.
    """
    kinds = _prompt_kinds(folder / "prompts.yaml")
    gpt3 = _gpt3(folder / "generated_gpt3.zip")
    prompts = _prompts(kinds, gpt3, folder / "generated_gpt3.zip")
    generations = [*_gpt3_generations(gpt3), *_swectrl(folder / "generated_swectrl.zip")]
    archive = folder / "eval_results.zip"
    members = _members(archive)
    texts: list[AnnotatedText] = []
    for part in PARTS:
        name = f"res_{part}.json"
        rows = _decode(archive, name, _member(archive, members, name), _Results).data
        texts.extend(_attributed(f"{archive}: {name}", part, rows, prompts, generations))
    return texts


def _attributed(
    where: str, part: str, rows: Sequence[_Row], prompts: Mapping[tuple[str, str], Prompt], generations: Sequence[_Generation]
) -> Iterator[AnnotatedText]:
    """The texts of one part. Texts of one prompt and type stand together, so the attributed ones tell the type of the others."""
    published: dict[str, list[_Generation]] = {}
    for generation in generations:
        published.setdefault(generation.letters, []).append(generation)
    known = {_letters(text): text for _, text in prompts}
    begun = [_begins(where, row, known) for row in rows]
    for prompt, run in groupby(zip(rows, begun, strict=True), key=lambda pair: pair[1][0]):
        members = [(row, published.get(letters, [])) for row, (_, letters) in run]
        types = {found.text_type for _, candidates in members for found in candidates if found.prompt == prompt}
        types = {text_type for text_type in types if (text_type, prompt) in prompts}
        if len(types) != 1:
            raise InputError(
                f"{where}: texts {members[0][0].num} to {members[-1][0].num} could be of the types {sorted(types)}; {REMEDY}"
            )
        text_type = types.pop()
        for row, candidates in members:
            systems = {found.system for found in candidates if (found.text_type, found.prompt) == (text_type, prompt)}
            system = systems.pop() if len(systems) == 1 else UNATTRIBUTED
            if len(row.annotations) != 1:
                raise InputError(f"{where}: text {row.num} has {len(row.annotations)} annotations, not one; {REMEDY}")
            yield AnnotatedText(part, row.num, system, prompts[text_type, prompt], row.context, row.annotations[0])


def _begins(where: str, row: _Row, known: Mapping[str, str]) -> tuple[str, str]:
    """The prompt that a text begins with, and the text's letters from there on."""
    letters = _letters(row.context)
    places = {text: place for key, text in known.items() if 0 <= (place := letters.find(key)) <= _FURTHEST}
    if len(places) != 1:
        raise InputError(f"{where}: text {row.num} begins with {len(places)} of the prompts: {row.context!r:.80}; {REMEDY}")
    [(prompt, place)] = places.items()
    return prompt, letters[place:]


def _letters(text: str) -> str:
    return "".join(sign for sign in _CODE.sub("", text).casefold() if sign.isalpha())


def _prompt_kinds(path: Path) -> dict[tuple[str, str], str]:
    """(text type, prompt) → what the prompt is about."""
    try:
        found = msgspec.convert(yaml.safe_load(path.read_bytes()), dict[str, dict[str, list[str]]])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise InputError(f"{path}: {error}; {REMEDY}") from error
    return {(text_type, text): kind for text_type, kinds in found.items() for kind, texts in kinds.items() for text in texts}


def _prompts(kinds: Mapping[tuple[str, str], str], gpt3: Sequence[_Gpt3], path: Path) -> dict[tuple[str, str], Prompt]:
    """The prompts with what the raters were told; GPT-3 was told the same in two sentences."""
    tasks = {row.cat: row.text.partition("\\")[0] for row in gpt3}
    absent = sorted({text_type for text_type, _ in kinds} - tasks.keys())
    if absent:
        raise InputError(f"{path}: no generation of the type {', '.join(absent)}; {REMEDY}")
    return {
        (text_type, text): Prompt(text_type, kind, text, f'{tasks[text_type].rstrip(".")} som börjar med "{text}"')
        for (text_type, text), kind in kinds.items()
    }


def _gpt3(path: Path) -> list[_Gpt3]:
    name = "generated_gpt3.jsonl"
    lines = _member(path, _members(path), name).splitlines()
    return [_decode(path, f"{name}, line {number}", line, _Gpt3) for number, line in enumerate(lines, 1)]


def _gpt3_generations(rows: Sequence[_Gpt3]) -> Iterator[_Generation]:
    for row in rows:
        prompt = row.text.partition("\\")[2]
        for choice in row.res.choices:
            yield _Generation(GPT3, row.cat, prompt, _letters(f"{prompt} {choice.text}"))


def _swectrl(path: Path) -> Iterator[_Generation]:
    for name, content in _members(path).items():
        row = _decode(path, name, content, _SweCtrl)
        letters = _letters(row.text)
        place = letters.find(_letters(row.prompt))
        if not 0 <= place <= _FURTHEST:
            raise InputError(f"{path}: {name}: the text does not begin with its prompt; {REMEDY}")
        yield _Generation(SWECTRL, row.control.replace("/", "_"), row.prompt, letters[place:])


def _members(path: Path) -> dict[str, bytes]:
    """The archive's files, read into memory: nothing is unpacked to disk, and what would grow too large is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            size = sum(entry.file_size for entry in entries)
            if size > _MOST_BYTES:
                raise InputError(f"{path}: {size:,} bytes unpacked, more than {_MOST_BYTES:,}: not the published file; {REMEDY}")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        # RuntimeError: an encrypted member; NotImplementedError: an unknown compression
        raise InputError(f"{path}: cannot be read as a zip archive: {error}; {REMEDY}") from error
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}; {REMEDY}") from error


def _member(path: Path, members: Mapping[str, bytes], name: str) -> bytes:
    if name not in members:
        raise InputError(f"{path}: there is no {name} in it; {REMEDY}")
    return members[name]


def _decode(path: Path, name: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {name}: {error}; {REMEDY}") from error
