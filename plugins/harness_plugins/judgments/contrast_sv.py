"""Swedish answer pairs, one better than the other by construction: nobody judged them, and they never yield advice."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from harness import hookimpl
from harness.errors import InputError
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Origin, Output, Preference

NAME = "contrast-sv"
VERSION = "1"
CRITERION = RATER = "construction"
NOTE = "better by construction, no human judgment; not checked by a native reader"
EMBEDDED = Path(__file__).parent / "data" / "contrast-sv.jsonl"


class Contrast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the file: an instruction, a reference, a better and a worse answer, and why it is worse."""

    id: str
    phenomenon: str
    form: Literal["short", "long"]
    instruction: str
    reference: str
    better: str
    worse: str
    note: str | None = None


class ContrastSv:
    """Pairs of Swedish answers over several phenomena. `path` reads another file of the same fields; default: the shipped one."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = EMBEDDED if path is None else Path(path).expanduser()
        self.info = JudgmentInfo(
            name=NAME,
            version=VERSION,
            criteria=(CRITERION,),
            primary_rater=RATER,
            constructed=True,
            licence="Apache-2.0",
            notes=(NOTE,),
        )

    def read(self) -> Iterator[Example | Output | Preference]:
        """Each example, its two outputs and the preference between them, in the file's order."""
        for item in read_contrasts(self._path):
            yield from _records(item)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    help = f"Swedish answer pairs by phenomenon; {NOTE}"
    return [JudgmentSourceSpec(NAME, build=ContrastSv, version=VERSION, help=help, reads=_reads)]


def _reads(path: str | Path | None = None) -> list[Path]:
    return [EMBEDDED if path is None else Path(path).expanduser()]


def read_contrasts(path: Path) -> list[Contrast]:
    """The file's items; raises InputError naming the file and the line."""
    decoder = msgspec.json.Decoder(Contrast)
    items = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; give another file with path=FILE.jsonl") from error
    for number, line in enumerate(lines, 1):
        try:
            items.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            fields = ", ".join(Contrast.__struct_fields__)
            raise InputError(f"{path}, line {number}: {error}; each line is a JSON object with the fields {fields}") from error
    return items


def _records(item: Contrast) -> Iterator[Example | Output | Preference]:
    name = item.id if item.id.startswith(f"{NAME}/") else f"{NAME}/{item.id}"
    example = Example.from_instruction(
        name,
        item.instruction,
        [item.reference],
        language="sv",
        task=item.phenomenon,
        form=item.form,
        origin=Origin(builder=NAME, dataset=NAME, licence="Apache-2.0"),
    )
    yield example
    outputs = {
        system: Output(id=f"{name}/{system}", example_id=name, system=system, text=text)
        for system, text in (("better", item.better), ("worse", item.worse))
    }
    # Which answer comes first is drawn by the id, so that no metric gains by preferring a place.
    better_first = hashlib.sha256(name.encode()).digest()[0] % 2 == 0
    order = ("better", "worse") if better_first else ("worse", "better")
    yield from (outputs[system] for system in order)
    yield Preference(
        output_a=outputs[order[0]].id,
        output_b=outputs[order[1]].id,
        rater=RATER,
        criterion=CRITERION,
        winner="a" if better_first else "b",
    )
