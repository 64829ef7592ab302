"""The builder `translate`: any instruction set into another language, with what must not be translated protected.

Fields of a row go to the translator together where it takes whole texts; masks are checked; numbers, names, answers and terms
that fields share are checked and repaired; rows whose subject is the source language are set aside (`language_bound`).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from harness import hookimpl
from harness.build.rows import SetAside
from harness.errors import did_you_mean
from harness.protocols import BuilderSpec
from harness.records import Example, Origin
from harness_plugins.datasets.instructions.builder import Source, joined, known_set, read_by
from harness_plugins.datasets.instructions.rows import Row, example_of, is_output
from harness_plugins.datasets.instructions.sets import data_files
from harness_plugins.datasets.translate.back import BackTranslation, back_translation
from harness_plugins.datasets.translate.language_bound import language_bound
from harness_plugins.datasets.translate.protect import Languages
from harness_plugins.datasets.translate.rows import ATTEMPTS, Engines, Outcome, together_text, translate_rows
from harness_plugins.datasets.translate.work import Work

if TYPE_CHECKING:
    from harness.chat.messages import CallPlan

NAME = "translate"
VERSION = "1"
_SOURCE = {"data", "format", "dataset", "licence", "revision", "subset", "split"}
_OWN = {
    "from",
    "to",
    "translator",
    "post_edits",
    "back_translation",
    "together",
    "language_bound",
    "name",
    "batch",
    "attempts",
    "keep_source",
}


class Translate:
    """Examples in the language `to`, of the rows of an instruction set in the language `from` (known for sets by name).

    `translator`: a name, or a mapping with `name:` and the translator's own parameters. `post_edits`: a file of translations by
    hand, which come before the translator's. `back_translation`: a translator (true: the same one) that translates back; rows
    whose source and back-translation have a chrF below its `threshold` are set aside. `together`: ask for a row's fields in one
    call where the translator takes whole texts. `language_bound`: set aside tasks about the source language. `name`: the first
    part of the examples' ids, by default the set's and the language. `batch`: rows at a time. `attempts`: in how many ways (1 to
    4) a piece is asked for until its masks come back.
    """

    def __init__(self, **params: Any) -> None:
        for key in params:
            if key not in _SOURCE | _OWN:
                raise ValueError(f"translate has no parameter {key!r}.{did_you_mean(key, _SOURCE | _OWN)}")
        self._source = Source(**{key: value for key, value in params.items() if key in _SOURCE})
        known = known_set(params["data"])
        source = params.get("from") or (known.language if known else None)
        self._languages = Languages(_language("from", source), _language("to", params.get("to")))
        if self._languages.source == self._languages.target:
            raise ValueError(
                f"from and to are both {self._languages.source!r}; the builder `instructions` takes rows as they are"
            )
        self._post_edits = params.get("post_edits")
        self._translator: Any = params.get("translator")
        if not self._translator:
            raise ValueError("give `translator:`, a name such as apertium, or a mapping with `name:` and its parameters")
        self._back = back_translation(params.get("back_translation"), self._translator)
        self._together, self._bound = _switch(params, "together"), _switch(params, "language_bound")
        self._keep_source = _switch(params, "keep_source")
        self._name = params.get("name") or f"{self._source.dataset}-{self._languages.target}"
        self._batch = params.get("batch", 256)
        if not isinstance(self._batch, int) or self._batch < 1:
            raise ValueError(f"batch is a number of rows, got {self._batch!r}")
        self._attempts = params.get("attempts", len(ATTEMPTS))
        if self._attempts not in range(1, len(ATTEMPTS) + 1):
            raise ValueError(f"attempts is a number from 1 to {len(ATTEMPTS)}, got {self._attempts!r}")
        self._engines: Engines | None = None

    def examples(self) -> Iterator[Example | SetAside]:
        """One example or row set aside for each row of the set, in its order."""
        engines = self._built()
        back = self._back.built(self._languages) if self._back is not None else None
        rows = self._source.rows()
        while some := list(islice(rows, self._batch)):
            odds = [self._unfit(row) for row in some]
            fit = [row for row, odd in zip(some, odds, strict=True) if odd is None]
            outcomes = translate_rows(fit, engines, self._languages, together=self._together, attempts=self._attempts)
            scores = (
                back.scores([(outcome.work, outcome.texts) for outcome in outcomes if outcome.problem is None]) if back else []
            )
            done, scored = iter(outcomes), iter(scores)
            for row, odd in zip(some, odds, strict=True):
                if odd is not None:
                    yield self._aside(row, *odd)
                    continue
                outcome = next(done)
                if outcome.problem is not None:
                    yield self._aside(row, *outcome.problem, outcome)
                else:
                    yield self._finished(outcome, engines, next(scored) if back else None)

    def plan(self) -> "Sequence[CallPlan]":
        """The calls that the first attempt takes, for translators that ask models; nothing is asked."""
        main = self._built().main
        planned = getattr(main, "plan", None)
        if planned is None:
            return []
        texts: list[str] = []
        for row in self._source.rows():
            if self._unfit(row) is None:
                work = Work.of(row, self._languages)
                found = together_text(work) if self._together and main is not None and main.unit == "text" else None
                texts += [found[2]] if found else [work.mask(piece, False, 0).text for piece in work.waiting()]
        calls: Sequence[CallPlan] = planned(texts)
        return calls

    def _built(self) -> Engines:
        if self._engines is None:
            self._engines = engines_of(self._translator, self._post_edits, self._languages)
        return self._engines

    def _unfit(self, row: Row) -> tuple[str, str] | None:
        """Why the row is not translated at all."""
        if row.odd is not None:
            return row.odd
        if row.language is not None and row.language.split("-")[0] != self._languages.source.split("-")[0]:
            return "other-language", f"the set says that the row is in {row.language!r}"
        if not self._bound:
            return None
        texts = row.texts
        asked = [text for name, text in texts.items() if name in ("instruction", "constraints") or name.startswith("user-")]
        answer = "\n".join(text for name, text in texts.items() if is_output(name))
        found = language_bound("\n".join(asked), texts.get("input", ""), answer, self._languages.source)
        return (f"language-bound-{found.reason}", f"“{found.words}”") if found is not None else None

    def _finished(self, outcome: Outcome, engines: Engines, back: float | None) -> Example | SetAside:
        work = outcome.work
        main = engines.main or engines.tables[-1]
        meta: dict[str, Any] = {"translator": main.signature, "translated_from": self._languages.source}
        for key, value in (
            ("protected", work.protected_kinds()),
            ("repaired", list(work.repaired)),
            ("by_hand", sorted(work.given)),
        ):
            if value:
                meta[key] = value
        if self._keep_source:
            meta["source"] = dict(work.row.texts)
        if back is not None:
            meta["back_translation"] = back
        source_id = f"{self._source.dataset}/{work.row.name}"
        origin = Origin(builder=NAME, dataset=self._source.dataset, licence=self._source.licence)
        example = example_of(
            work.row,
            outcome.texts,
            dataset=self._name,
            language=self._languages.target,
            origin=origin,
            parallel_id=source_id,
            meta={**work.row.meta, **meta},
        )
        # Splits go by the source document: a translation goes where its source and other translations of it go.
        cluster = f"{self._source.dataset}/{work.row.cluster}" if work.row.cluster is not None else source_id
        example = msgspec.structs.replace(example, cluster_id=cluster)
        if back is not None and self._back is not None and back < self._back.threshold:
            detail = f"chrF of source and back-translation is {back:.1f}, wanted is {self._back.threshold:g}"
            aside = self._aside(work.row, "back-translation", detail, outcome)
            return msgspec.structs.replace(aside, example=example)
        return example

    def _aside(self, row: Row, reason: str, detail: str, outcome: Outcome | None = None) -> SetAside:
        example = None
        if outcome is not None:
            origin = Origin(builder=NAME, dataset=self._source.dataset, licence=self._source.licence)
            example = example_of(row, outcome.texts, dataset=self._name, language=self._languages.target, origin=origin)
        return SetAside(
            id=f"{self._name}/{row.name}", stage=NAME, reason=reason, detail=detail, example=example, source=joined(row)
        )


def engines_of(given: str | Mapping[str, Any], post_edits: str | None, languages: Languages) -> Engines:
    """The translator, cached, and the tables that go before it: `post_edits`, and one that the config names as the translator."""
    from harness_plugins.datasets.translators.base import translator
    from harness_plugins.datasets.translators.cached import Cached

    source, target = languages
    tables = [translator({"name": "table", "file": post_edits}, source, target)] if post_edits else []
    params = dict(given) if isinstance(given, Mapping) else {"name": given}
    if params.get("name") == "table":
        otherwise = params.pop("otherwise", None)
        tables.append(translator(params, source, target))
        return Engines(tables, Cached(translator(otherwise, source, target)) if otherwise else None)
    return Engines(tables, Cached(translator(params, source, target)))


def _language(what: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"say the language with `{what}:`, for example `{what}: {'en' if what == 'from' else 'sv'}`")
    return value.strip()


def _switch(params: Mapping[str, Any], key: str) -> bool:
    value = params.get(key, True)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is true or false, got {value!r}")
    return value


def _reads(**params: Any) -> list[Any] | None:
    from harness import named_files

    files = read_by(**params)
    rest = {key: params[key] for key in ("translator", "post_edits", "back_translation") if key in params}
    return None if files is None else [*files, *(path for path in named_files(**rest) if path.exists())]


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    help = "an instruction set into another language, with code, numbers, names and terms protected and checked"
    return [BuilderSpec(NAME, build=Translate, version=VERSION, help=help, argument="data", reads=_reads, data=data_files())]


__all__ = ["BackTranslation", "Translate", "engines_of"]
