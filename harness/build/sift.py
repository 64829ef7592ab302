"""From builders' rows to the rows of a data set: languages, filters, contamination, duplicates, splits.

Rows pass once, in batches: fields are measured in compiled loops (beside the thread that reads rows), and each row goes to disk
with the numbers that later steps need. Then contamination and duplicates are settled among the rows that are left, and all
rows are read back in a fixed order, the hash of their ids.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.build.config import BuildConfig
from harness.build.contamination import Contamination, EvaluationIndex, Shared, evaluation_index
from harness.build.duplicates import Duplicates, RowKeys, keys_of
from harness.build.evaluation_sets import EvaluationSet
from harness.build.filters import explained, filtered, row_facts
from harness.build.languages import PACKAGE, PIP_LINE, LanguageModel, language_model
from harness.build.languages_fields import LanguageTally, add_up, look_at
from harness.build.rows import SetAside
from harness.build.sift_files import LineFiles, Reasons, in_short_turns, prefetched
from harness.build.sift_found import found_by
from harness.build.sift_texts import Batch, batches, fold
from harness.build.splits import split_of
from harness.errors import InputError
from harness.records import Example

Report = Callable[[str, int, int], None]
_AHEAD = 2  # batches under way


class Removal(NamedTuple):
    """Why a row is set aside."""

    stage: str
    reason: str
    detail: str


class Sifted:
    """An iterator over the rows that stay and those that do not; once it is exhausted `notes` and `found` are complete.

    `notes`: sentences for the run; `found`: what each step found, as plain values (see `docs/decisions/0045`): `rows`, `kept`,
    `languages`, `filters`, `contamination`, `duplicates`, `splits`.
    """

    def __init__(
        self, rows: Iterable[Example], config: BuildConfig, against: Sequence[EvaluationSet], scratch: Path, report: Report
    ) -> None:
        self.notes: list[str] = []
        self.found: dict[str, Any] = {}
        self._rows = in_short_turns(_sift(rows, config, against, scratch, report, self))

    def __iter__(self) -> Iterator[Example | SetAside]:
        return self

    def __next__(self) -> Example | SetAside:
        return next(self._rows)


def sift(rows: Iterable[Example], config: BuildConfig, against: Sequence[EvaluationSet], scratch: Path, report: Report) -> Sifted:
    """The rows that stay, each with its `split`, and the others with the reason; in a fixed order that does not depend on theirs.

    `scratch` is an empty folder for what does not fit into memory. Raises InputError where two different rows have one id.
    """
    return Sifted(rows, config, against, scratch, report)


class _Measured(NamedTuple):
    """A batch with all that was found in it alone: rows to be set aside, what it shares with evaluation sets, its keys."""

    batch: Batch
    removed: dict[int, Removal]
    languages: dict[str, LanguageTally]
    shared: Shared | None
    keys: RowKeys | None


def _sift(
    rows: Iterable[Example],
    config: BuildConfig,
    against: Sequence[EvaluationSet],
    scratch: Path,
    report: Report,
    sifted: Sifted,
) -> Iterator[Example | SetAside]:
    model = _model(config, sifted)
    index = evaluation_index(against, config.contamination) if config.contamination.use and against else None
    lines, reasons = LineFiles(scratch / "rows"), Reasons(scratch / "reasons")
    contamination = None if index is None else Contamination(index, scratch / "shared")
    duplicates = Duplicates(scratch / "duplicates", config.duplicates) if config.duplicates.use else None
    removed: Counter[tuple[str, str]] = Counter()
    languages: dict[str, LanguageTally] = {}
    fates: list[NDArray[np.bool_]] = []
    count = 0
    try:
        for measured in _measured(rows, config, model, index):
            batch = measured.batch
            alive = np.ones(len(batch), bool)
            for row, why in measured.removed.items():
                alive[row] = False
                reasons.put(count + row, *why)
                removed[why.stage, why.reason] += 1
            lines.add(batch.places, count, batch.lines)
            add_up(languages, measured.languages)
            if contamination is not None and measured.shared is not None:
                contamination.add(count, alive, measured.shared)
            if duplicates is not None and measured.keys is not None:
                duplicates.add(batch, measured.keys)
            fates.append(alive)
            count += len(batch)
            report("rows looked at", count, count + 1)
        report("rows looked at", count, count)
        alive = np.concatenate(fates) if fates else np.zeros(0, bool)
        if contamination is not None:
            for found in contamination.contaminated():
                alive[found.row] = False
                reasons.put(found.row, "contamination", "shares-evaluation-text", found.detail)
                removed["contamination", "shares-evaluation-text"] += 1
        if duplicates is not None:
            gone = []
            for number, double in enumerate(duplicates.doubles(alive)):
                gone.append(double.row)
                why = _double(double.stays_id, double.similarity)
                reasons.put(double.row, *why)
                removed[why.stage, why.reason] += 1
                if number % 1000 == 0:
                    report("duplicates", number, number + 1)
            report("duplicates", len(gone), len(gone))
            alive[gone] = False
            duplicates.count_shared(alive)
        sifted.found = found_by(count, model is not None, languages, removed, contamination, duplicates)
        if contamination is not None and contamination.wordings:
            most = contamination.wordings[0]
            sifted.notes.append(
                f"some word n-grams of evaluation sets stand in so many rows that they count as a template's wording (most often "
                f"“{most['words']}”, {most['rows']} rows, as in {most['where']}): rows that share nothing else are kept"
            )
        splits: Counter[str] = Counter()
        for number, sorted_out in enumerate(_ordered(lines, alive, reasons, config, removed, splits)):
            yield sorted_out
            if number % 1000 == 0:
                report("rows written", number, count)
        report("rows written", count, count)
        sifted.found["kept"] = sum(splits.values())
        sifted.found["splits"] = dict(sorted(splits.items()))
    finally:
        for files in (lines, reasons, contamination, duplicates):
            if files is not None:
                files.close()


def _model(config: BuildConfig, sifted: Sifted) -> LanguageModel | None:
    if not config.languages.use:
        return None
    model = language_model()
    if model is None:
        sifted.notes.append(f"the rows' languages were not looked at: {PACKAGE} is not installed ({PIP_LINE})")
    return model


def _measured(
    rows: Iterable[Example], config: BuildConfig, model: LanguageModel | None, index: EvaluationIndex | None
) -> Iterator[_Measured]:
    """Every batch with what was found in it; while one is measured in a thread of its own, the next one is read."""
    waiting: deque[Future[_Measured]] = deque()
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="sift") as pool:
        try:
            for batch in batches(rows):
                waiting.append(pool.submit(_measure, batch, config, model, index))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _measure(batch: Batch, config: BuildConfig, model: LanguageModel | None, index: EvaluationIndex | None) -> _Measured:
    folded = fold(batch.texts)
    removed: dict[int, Removal] = {}
    if config.filters.use:
        facts = row_facts(batch, folded)
        places, reasons = filtered(facts, config.filters)
        for row in np.flatnonzero(places >= 0).tolist():
            reason = reasons[places[row]]
            removed[row] = Removal("filter", reason, explained(facts, reason, row))
    languages: dict[str, LanguageTally] = {}
    if model is not None:
        looked = look_at(batch, folded, model, config.languages)
        languages = looked.tallies
        removed |= {row: Removal("language", "other-language", detail) for row, detail in looked.wrong.items()}
    return _Measured(
        batch,
        removed,
        languages,
        None if index is None else index.shared(batch, folded),
        keys_of(batch, folded, config.duplicates) if config.duplicates.use else None,
    )


def _double(stays: str, similarity: tuple[float, ...] | None) -> Removal:
    if similarity is None:
        return Removal("duplicate", "equal-text", f"{stays} stays, whose letters and digits are equal")
    alike = f"similarity {similarity[0]:.3f}"
    if len(similarity) > 1:
        alike += f" of what is asked, {similarity[1]:.3f} of the response"
    return Removal("near-duplicate", "similar-text", f"{stays} stays, {alike}")


def _ordered(
    lines: LineFiles,
    alive: NDArray[np.bool_],
    reasons: Reasons,
    config: BuildConfig,
    removed: Counter[tuple[str, str]],
    splits: Counter[str],
) -> Iterator[Example | SetAside]:
    """All rows by the hashes of their ids; of equal rows of one id one, and an error where they differ."""
    decode, replace = msgspec.msgpack.Decoder(Example).decode, msgspec.structs.replace
    for some in prefetched(lines.ordered()):
        again = np.zeros(len(some.data), bool)  # whether the place is that of the row before
        again[1:] = some.places[1:] == some.places[:-1]
        before, stayed = b"", False
        for data, row, lives, twin in zip(some.data, some.rows.tolist(), alive[some.rows].tolist(), again.tolist(), strict=True):
            if twin:
                _check_same(before, data)
            before, example = data, decode(data)
            if twin and stayed and lives:
                removed["duplicate", "same-row"] += 1
                yield SetAside(id=example.id, stage="duplicate", reason="same-row", detail="the same row again", example=example)
                continue
            stayed = lives or (twin and stayed)
            if lives:
                split = split_of(example.cluster, config.splits)
                splits[split] += 1
                yield replace(example, split=split)
            else:
                stage, reason, detail = reasons.get(row)
                yield SetAside(id=example.id, stage=stage, reason=reason, detail=detail, example=example)


def _check_same(one: bytes, other: bytes) -> None:
    if one == other:
        return
    left, right = (msgspec.msgpack.decode(data, type=Example) for data in (one, other))
    if left.id != right.id:
        return  # two ids with one hash
    raise InputError(
        f"two different rows have the id {left.id!r}: one from {_origin(left)}, one from {_origin(right)}. Ids are to be "
        "`<dataset>/<name>`, and no dataset may be built twice with different rows: leave one of the builders out, or rename"
    )


def _origin(row: Example) -> str:
    if row.origin is None:
        return "a builder that does not say"
    return f"builder {row.origin.builder!r}, dataset {row.origin.dataset!r}"
