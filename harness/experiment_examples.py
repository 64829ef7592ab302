"""The examples of an experiment: read, held out, and chosen for training and for answering."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from harness.errors import InputError
from harness.records import Example, from_json
from harness.store import read_table, table_path

if TYPE_CHECKING:
    from harness.experiment_records import HoldOut

UNSEEN = "unseen"  # the split of held-out tasks
_LEARNED = (None, "train", "validation")  # splits that a trainer is given; which of them it learns from is up to it
_WORD = re.compile(r"\w+")
_SHORTEST = 4  # words of a line that counts as a whole
_COMMON = 5  # a run of words in more examples than this, and in more than that share, is the wording of a task and no passage:
_OF_TASK, _OF_SET = 0.1, 0.01  # of one that is known, or of a data set's examples where they do not say their tasks


class Chosen(NamedTuple):
    """Examples to learn from, and how many were left out for what reason."""

    examples: list[Example]
    left_out: dict[str, int]


def read_examples(where: str | Path) -> list[Example]:
    """The examples of a build folder or a JSON Lines file; InputError naming file and line of what is none."""
    path = Path(where).expanduser()
    if path.is_dir():
        table = table_path(path, "examples")
        if not table.is_file():
            raise InputError(f"{path} holds no table of examples; name the folder that `harness build` wrote")
        return list(read_table(table, Example))
    if not path.is_file():
        raise InputError(f"there is no file or folder {path}")
    return list(_lines(path))


def answered(
    examples: Iterable[Example], hold_out: "HoldOut", splits: Sequence[str], limit: int | None, *, only_test: bool = False
) -> list[Example]:
    """The examples of these splits (all if none is named), in their order; at most `limit` of each, drawn by their ids' digests.

    Examples of held-out tasks are of the split `unseen`, whatever they were; with `only_test` those of the split `test` alone, so
    that a training may learn from the others.
    """
    found = []
    for example in examples:
        if not is_held_out(example, hold_out):
            found.append(example)
        elif not only_test or example.split in (None, "test"):
            found.append(msgspec.structs.replace(example, split=UNSEEN))
    wanted = [example for example in found if not splits or example.split in splits]
    for split in splits:
        if not any(example.split == split for example in wanted):
            known = ", ".join(sorted({str(example.split) for example in found})) or "none"
            raise InputError(f"no example has the split {split!r}; there are {known}")
    if limit is None:
        return wanted
    kept: set[str] = set()
    for one in {example.split for example in wanted}:
        ids = [example.id for example in wanted if example.split == one]
        kept.update(sorted(ids, key=lambda id: sha256(id.encode()).digest())[:limit])
    return [example for example in wanted if example.id in kept]


def learned(examples: Iterable[Example], hold_out: "HoldOut", asked: Sequence[Example], *, of_held_out: bool = False) -> Chosen:
    """The examples to train on: none that is answered (`asked`), of another split than train and validation, or held out.

    Nor one that shares its source document with an answered one, or a run of words (`HoldOut.words`). `of_held_out`: held-out
    tasks are learned from.
    """
    left_out: Counter[str] = Counter()
    ids, clusters = {example.id for example in asked}, {example.cluster for example in asked}
    kept = []
    for example in examples:
        if example.id in ids or example.split not in _LEARNED:
            continue
        if not of_held_out and is_held_out(example, hold_out):
            left_out["of a held-out task"] += 1
        elif example.cluster in clusters:
            left_out["from a document that is asked about"] += 1
        else:
            kept.append(example)
    if hold_out.words and asked:
        sharing = _sharing(kept, asked, hold_out.words)
        left_out[f"shares {hold_out.words} words with what is asked"] += len(sharing)
        kept = [example for example in kept if example.id not in sharing]
    return Chosen(kept, {reason: count for reason, count in sorted(left_out.items()) if count})


def is_held_out(example: Example, hold_out: "HoldOut") -> bool:
    """Whether the example's task is held out."""
    return example.task is not None and any(fnmatchcase(example.task, pattern) for pattern in hold_out.tasks)


def _sharing(learned: Sequence[Example], asked: Sequence[Example], words: int) -> set[str]:
    """Ids of examples to learn from that share a run of words with one that is asked, the tasks' own wording aside."""
    wanted = {run for example in asked for run in _runs(example, words)}
    held = [(example, _runs(example, words) & wanted) for example in learned]
    sizes = Counter(_kin(example) for example in (*learned, *asked))
    counts: Counter[tuple[tuple[str, float], int]] = Counter()
    for example, runs in (*held, *((example, _runs(example, words)) for example in asked)):
        counts.update((_kin(example), run) for run in runs)
    common = {run for (kin, run), count in counts.items() if count > max(_COMMON, kin[1] * sizes[kin])}
    return {example.id for example, runs in held if runs - common}


def _kin(example: Example) -> tuple[str, float]:
    """The examples that are worded alike: of the same task, else of the same data set; and the share that makes a wording."""
    if example.task is not None:
        return example.task, _OF_TASK
    return example.id.partition("/")[0], _OF_SET


def _runs(example: Example, words: int) -> set[int]:
    """Every run of so many words of what is asked, and every shorter line as a whole, as numbers."""
    found: set[int] = set()
    texts = [message.text for message in example.messages if message.role != "assistant"]
    for text in [*texts, example.source or ""]:
        for line in text.splitlines():
            said = _WORD.findall(line.casefold())
            if _SHORTEST <= len(said) < words:
                found.add(hash(tuple(said)))
            found.update(hash(tuple(said[place : place + words])) for place in range(len(said) - words + 1))
    return found


def _lines(path: Path) -> Iterator[Example]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield from_json(line, Example)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise InputError(f"{path}, line {number}: not an example ({error}){_of_a_build(path)}") from error


def _of_a_build(path: Path) -> str:
    """A hint where the file is one that a build writes for other programs."""
    folder = path.parent.parent
    if path.parent.name != "data" or not (folder / "examples.parquet").is_file():
        return ""
    return f"; this file is for other programs: give the folder {folder}, which holds the examples"
