"""Blocks of a data card: tables, histograms, rows to be read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.build.card_contents import Bars, Field, Panel, Rows, Shown
from harness.build.card_tally import FIELDS, Tally, quantile, scores_of
from harness.build.rows import SetAside, fields_of
from harness.records import Example
from harness.report.contents import DataTable, TableColumn
from harness.report.html.text import language_tag

Value = float | int | str | None
TEXT = 600  # characters of a text that the card shows
_SENTENCE = 60


def table(id: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[Value]], caption: str) -> DataTable:
    """A table whose columns of numbers are known by their cells."""
    kinds = [[row[place] for row in rows if row[place] is not None] for place in range(len(columns))]
    return DataTable(
        id=id,
        title=title,
        caption=caption,
        columns=tuple(
            TableColumn(
                name=name,
                numeric=bool(cells) and not any(isinstance(cell, str) for cell in cells),
                sentence=any(isinstance(cell, str) and len(cell) > _SENTENCE for cell in cells),
            )
            for name, cells in zip(columns, kinds, strict=True)
        ),
        rows=tuple(tuple(row) for row in rows),
    )


def lengths(tally: Tally) -> tuple[DataTable, Bars]:
    """Lengths of instruction and response by builder: quantiles in characters and words, and histograms of words."""
    rows: list[list[Value]] = []
    panels = []
    for builder in tally.builders:
        for field in FIELDS:
            characters, words = tally.characters.get((builder, field)), tally.words.get((builder, field))
            if not characters or not words:
                continue
            rows.append([builder or "(not said)", field, words.total(), *_quantiles(characters), *_quantiles(words)])
            summary = f"{amount(words.total(), 'row')}, median {amount(quantile(words, 0.5), 'word')}"
            panels.append((f"{builder or '(not said)'}: {field}", words, summary))
    measures = [f"{unit}, {name}" for unit in ("characters", "words") for name in ("median", "95 %", "longest")]
    most = max((max(words) for _, words, _ in panels), default=0)
    bars = Bars(
        id="length-bars",
        title="Lengths in words",
        caption="Rows by words (runs of characters that are not blank), every bar twice as wide as the one before it.",
        panels=tuple(Panel(label=label, bins=_doubling(words, most), summary=summary) for label, words, summary in panels),
    )
    caption = "Quantiles over all rows of a builder."
    return table("lengths", "Lengths", ["builder", "text", "rows", *measures], rows, caption), bars


def score_bars(tally: Tally) -> Bars:
    """Histograms of each part of each builder's scores: twenty bars from 0 (or the smallest value) to 1 (or the largest)."""
    panels = []
    for (builder, part), counts in sorted(tally.scores.items()):
        low, high = min(0, *counts), max(1000, *counts)
        first, middle, third = (quantile(counts, share) / 1000 for share in (0.25, 0.5, 0.75))
        summary = f"{amount(counts.total(), 'row')}, median {middle:.3f}, middle half {first:.3f} to {third:.3f}"
        panels.append(Panel(label=f"{said(builder)}: {part}", bins=_even(counts, low, high), summary=summary))
    return Bars(id="score-bars", title="Parts of the score", caption="Rows by value, from low to high.", panels=tuple(panels))


def sample_rows(tally: Tally, builder: str) -> Rows:
    """The rows drawn of a builder."""
    drawn = tally.samples.of(builder)
    n = tally.count_by("builder")[builder,]
    caption = f"{len(drawn)} of {amount(n, 'row')}, by chance." if drawn else "The config asks for no samples."
    rows = tuple(shown_example(example) for example in drawn)
    return Rows(id=f"samples-{builder}", title=f"Of {builder or '(not said)'}", caption=caption, rows=rows)


def removed_rows(tally: Tally) -> Rows:
    """Some rows of each reason for which rows were removed."""
    rows = [
        shown_removed(row) for (stage, reason), n in ordered(tally.removed) for row in tally.of_removed.of((stage, reason)) if n
    ]
    caption = "Up to three of each reason, by chance; texts are cut." if rows else "Nothing was removed."
    return Rows(id="removed-examples", title="Examples of removed rows", caption=caption, rows=tuple(rows))


def shown_example(example: Example, most: int = TEXT) -> Shown:
    """An example for a reader: its texts by name, its task, split and licence."""
    origin = example.origin
    facts = [example.task, example.form, example.split, origin and origin.dataset, origin and origin.licence]
    label = " · ".join(fact for fact in facts if fact)
    texts = {**fields_of(example), **({"choices": "\n".join(example.choices)} if example.choices else {})}
    note = "; ".join(f"{part} {value:.3f}" for part, value in scores_of(example).items())
    return Shown(id=example.id, label=label, fields=_fields(texts, example.language, most), note=note)


def shown_removed(row: SetAside, most: int = TEXT) -> Shown:
    """A removed row for a reader: why, and as far as it had come."""
    texts = fields_of(row.example) if row.example is not None else {}
    language = row.example.language if row.example is not None else None
    fields = _fields(texts, language, most)
    if row.source is not None and row.source not in texts.values():
        fields = (*fields, *_fields({"source": row.source}, None, most))
    return Shown(id=row.id, label=f"{row.stage}: {row.reason}", fields=fields, note=cut(row.detail or "", most))


def ordered(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    """The largest count first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def amount(number: int, noun: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def said(name: str) -> str:
    """A name, or that there is none."""
    return name or "(not said)"


def settings(options: msgspec.Struct) -> str:
    """The options of a step but for its switch: `near 0.8, shingle 5`."""
    values = {key: value for key, value in msgspec.to_builtins(options).items() if value is not None}
    return parameters({key: value for key, value in values.items() if key != "use"}) if values.get("use", True) else ""


def parameters(values: Mapping[str, Any]) -> str:
    """Parameters in words; `defaults` where none is given."""
    return cut(", ".join(f"{key} {_word(value)}" for key, value in values.items()), 400) or "defaults"


def cut(text: str, most: int = TEXT) -> str:
    """The text, or its beginning and how much is missing."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most:,} more characters)"


def _fields(texts: Mapping[str, str], language: str | None, most: int) -> tuple[Field, ...]:
    tag = language_tag(language) if language else None
    return tuple(Field(name=name, text=cut(text, most), language=tag) for name, text in texts.items())


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (dict, list, tuple)):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _quantiles(counts: Counter[int]) -> list[Value]:
    return [quantile(counts, 0.5), quantile(counts, 0.95), max(counts)]


def _doubling(counts: Counter[int], most: int) -> tuple[tuple[str, int], ...]:
    """0, 1, 2–3, 4–7 … up to the one that holds `most`."""
    bins = [0] * (most.bit_length() + 1)
    for value, n in counts.items():
        bins[value.bit_length()] += n
    names = ["0", "1", *(f"{2**i}–{2 ** (i + 1) - 1}" for i in range(1, len(bins) - 1))]
    return tuple(zip(names[: len(bins)], bins, strict=True))


def _even(counts: Counter[int], low: int, high: int, number: int = 20) -> tuple[tuple[str, int], ...]:
    bins = [0] * number
    for value, n in counts.items():
        bins[min(number - 1, (value - low) * number // (high - low))] += n
    ends = [(low + (high - low) * i / number) / 1000 for i in range(number)]
    return tuple((f"from {end:.2f}", n) for end, n in zip(ends, bins, strict=True))
