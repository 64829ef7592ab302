"""Rows for a person to read, beside their source: some by chance, the best and worst by their scores, some that were removed."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

import msgspec

from harness.build.card_blocks import amount
from harness.build.card_tally import builder_of, score_of, scores_of, texts_of
from harness.build.config import BuildConfig
from harness.build.picks import Drawn, Largest
from harness.build.review_contents import Entry, Passage, ReviewPage
from harness.build.rows import SetAside, fields_of
from harness.records import Example
from harness.report.contents import Run
from harness.report.html.text import language_tag
from harness.report.matching import runs, words_of
from harness.report.texts import shown

RowT = TypeVar("RowT")
_WORDS = re.compile(r"\w(?:.*\w)?", re.DOTALL)  # without blanks and punctuation at the ends
REMOVED = 4  # rows of each reason
TEXT = 3_000  # characters of a text
_META = 4_000
MOSTLY = 0.6  # from this share of words in common on, those that are not are marked
RANDOM, WORST, BEST, SHORTEST, LONGEST, OUT = "random", "worst", "best", "shortest", "longest", "removed"
# Keys of `meta` under which builders keep what a row was made from.
SOURCES = {"source": "source", "seen": "what the model saw", "written": "what the model wrote"}
_ORDER = ("system", "instruction", "constraints", "input", "output")
GROUPS = {
    RANDOM: "drawn by chance: judge the data by these",
    WORST: "the smallest scores of each builder",
    BEST: "the largest scores of each builder",
    SHORTEST: "the shortest responses of a builder that scores nothing",
    LONGEST: "the longest responses of a builder that scores nothing",
    OUT: "set aside by a builder or removed by a step, with the reason",
}


class Review:
    """Chooses the rows while the tables stream by; `samples` of each group and builder."""

    def __init__(self, samples: int, seed: int) -> None:
        self._random: Drawn[Example] = Drawn(samples, seed)
        self._extreme: Largest[Example] = Largest(samples, seed)  # by (group, builder)
        self._removed: Drawn[SetAside] = Drawn(min(samples, REMOVED), seed)
        self._builders: set[str] = set()
        self._reasons: set[tuple[str, str]] = set()
        self._rows = self._out = 0

    def add(self, example: Example) -> None:
        """Offers an example of the finished set."""
        builder = builder_of(example)
        self._rows += 1
        self._builders.add(builder)
        self._random.offer(builder, example.id, example)
        score = score_of(example)
        if score is None:
            length = len(texts_of(example)[1] or "")
            self._extreme.offer((SHORTEST, builder), example.id, -length, example)
            self._extreme.offer((LONGEST, builder), example.id, length, example)
        else:
            self._extreme.offer((WORST, builder), example.id, -score, example)
            self._extreme.offer((BEST, builder), example.id, score, example)

    def add_removed(self, row: SetAside) -> None:
        """Offers a row that did not become part of the data."""
        self._out += 1
        self._reasons.add((row.stage, row.reason))
        self._removed.offer((row.stage, row.reason), row.id, row)

    def contents(self, title: str, config: BuildConfig, warnings: Sequence[str]) -> ReviewPage:
        """The page: rows by chance first, a builder after the other in turn."""
        entries = tuple(self._entries())
        held = {entry.group for entry in entries}
        kept = len({entry.id for entry in entries if entry.group != OUT})  # a row may be drawn and be a shortest one, too
        out = sum(entry.group == OUT for entry in entries)
        return ReviewPage(
            title=f"Review: {title}",
            subtitle=f"{kept:,} of {amount(self._rows, 'example')} and {out:,} of {amount(self._out, 'removed row')}, "
            f"language {config.language}",
            warnings=tuple(warnings),
            groups=tuple((name, about) for name, about in GROUPS.items() if name in held),
            entries=entries,
        )

    def _entries(self) -> Iterator[Entry]:
        builders = sorted(self._builders)
        for group in (RANDOM, WORST, BEST, SHORTEST, LONGEST):
            found = [self._random.of(b) if group == RANDOM else self._extreme.of((group, b)) for b in builders]
            yield from (_kept(row, group) for row in in_turn(found))
        yield from (_out(row) for row in in_turn([self._removed.of(reason) for reason in sorted(self._reasons)]))


def in_turn(lists: Sequence[Sequence[RowT]]) -> list[RowT]:
    """The first of each list, then the second of each, and so on."""
    return [row for rows in zip_longest(*lists) for row in rows if row is not None]


def beside(
    texts: dict[str, str], source: dict[str, str], language: str | None
) -> tuple[tuple[Passage, ...], tuple[Passage, ...], str]:
    """The texts and their sources as passages, and which words are marked: those on both sides, or, where most are, the others.

    A source that is one of the texts letter by letter is said to be, not repeated.
    """
    same = {
        name: next(own for own, text in texts.items() if text == held) for name, held in source.items() if held in texts.values()
    }
    given = {name: text for name, text in source.items() if name not in same}
    made_runs = {name: runs(shown(text, TEXT), words_of(given.values())) for name, text in texts.items()}
    given_runs = {name: runs(shown(text, TEXT), words_of(texts.values())) for name, text in given.items()}
    often = _matched([*made_runs.values(), *given_runs.values()]) > MOSTLY
    tag = language_tag(language) if language else None
    made = tuple(
        Passage(name=name, runs=_turned(found, often and bool(given)), language=tag) for name, found in made_runs.items()
    )
    made_from = [Passage(name=name, runs=_turned(found, often)) for name, found in given_runs.items()]
    made_from += [Passage(name=name, runs=(), note=f"is the {own}, letter by letter") for name, own in same.items()]
    return made, tuple(made_from), "" if not given or not texts else "one" if often else "both"


def _matched(texts: Sequence[Sequence[Run]]) -> float:
    """Share of the characters that stand on the other side, too."""
    total = sum(len(run.text) for found in texts for run in found)
    return sum(len(run.text) for found in texts for run in found if run.matched) / total if total else 0.0


def _turned(found: Sequence[Run], turn: bool) -> tuple[Run, ...]:
    """The runs, or with the marks on the words that had none."""
    if not turn:
        return tuple(found)
    turned: list[Run] = []
    for run in found:
        inside = _WORDS.search(run.text) if not run.matched else None
        begin, end = inside.span() if inside else (0, 0)
        parts = (Run(text=run.text[:begin]), Run(text=run.text[begin:end], matched=True), Run(text=run.text[end:]))
        turned += [part for part in parts if part.text]
    return tuple(turned)


def _kept(example: Example, group: str) -> Entry:
    origin = example.origin
    texts = {**fields_of(example), **({"choices": "\n".join(example.choices)} if example.choices else {})}
    made, given, marked = beside(texts, sources_of(example), example.language)
    facts = (example.task, example.form, origin and origin.dataset, origin and origin.licence, f"from {example.cluster}")
    return Entry(
        id=example.id,
        group=group,
        builder=builder_of(example),
        split=example.split or "",
        facts=tuple(shown(fact, 200) for fact in facts if fact),
        scores=tuple(scores_of(example).items()),
        texts=made,
        source=given,
        marked=marked,
        meta=_meta(example),
    )


def _out(row: SetAside) -> Entry:
    example = row.example
    texts = fields_of(example) if example is not None else {}
    source = {
        **(sources_of(example) if example is not None else {}),
        **({"source": row.source} if row.source is not None else {}),
    }
    made, given, marked = beside(texts, source, example.language if example is not None else None)
    return Entry(
        id=row.id,
        group=OUT,
        builder=(builder_of(example) if example is not None else "") or row.stage,
        split="",
        reason=f"{row.stage}: {row.reason}",
        detail=shown(row.detail or "", 1_000),
        scores=tuple(scores_of(example).items()) if example is not None else (),
        texts=made,
        source=given,
        marked=marked,
        meta=_meta(example) if example is not None else "",
    )


def sources_of(example: Example) -> dict[str, str]:
    """What the row was made from, by name: its `source`, and what builders keep of it in `meta`."""
    found = {"source": example.source} if example.source is not None else {}
    for key, name in SOURCES.items():
        held = example.meta.get(key)
        if isinstance(held, dict):
            parts = sorted(held.items(), key=lambda item: (_ORDER.index(item[0]) if item[0] in _ORDER else len(_ORDER), item[0]))
            found |= {f"{name}: {part}": text for part, text in parts if isinstance(text, str)}
        elif isinstance(held, str):
            found[name] = held
    return found


def _meta(example: Example) -> str:
    if not example.meta:
        return ""
    text = msgspec.json.format(msgspec.json.encode(example.meta, order="sorted"), indent=1).decode()
    return shown(text, _META)
