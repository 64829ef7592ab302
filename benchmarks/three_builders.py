"""What the three ways to Swedish instruction data do to their responses: perplexity, distinct n-grams, skeletons of instructions.

python benchmarks/three_builders.py [--natural BUILD] [--words 4000] [--draws 2000] [--write]

Responses of three builders, on samples of equally many words:

- natural: fragments of native text (`copyright-finns-inte`, contexts of SweQUAD), which the builder leaves as they are, whatever
  model writes the instructions. Instructions come from `--natural`, the folder of a finished `harness build`, if one is given.
- template: the shipped templates over the Swedish sets' training and development rows.
- translated: Danish seed instructions through Apertium.

All rows pass the language check, the filters and the removal of duplicates. The Swedish model is an n-gram model of characters
trained on UD Talbanken (dev and test), which none of the builders reads here; nothing is chosen by any model's likelihood.
Printed beside: how many responses share ten words in a row with its text.

The three ways differ in subject and genre, too. A control that does not: the sentences of NTREX in the Swedish of people and as
Apertium translates them from Danish, under the same model, paired by document.

Perplexity is per character, exp(-sum of log-probabilities / characters), with percentile intervals of a bootstrap over source
documents. Resampling with replacement would repeat texts and so lower distinct-n; its intervals are those of random halves of the
documents, drawn without replacement: the spread of a mean over halves is that of the mean over the whole. `--write` puts the
tables into docs/explanation/building.md.
"""

import argparse
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.build.config import BuildConfig, load_build_config
from harness.build.diversity_counts import skeleton, tokens_of
from harness.build.rows import SetAside, response_of
from harness.build.sift import sift
from harness.data import data_home
from harness.errors import HarnessError
from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef, Registry
from harness.store import read_table, table_path
from harness.text.ngram_model import NgramModel, train

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "building.md"
MARKS = ("<!-- three builders: made by benchmarks/three_builders.py --write -->", "<!-- three builders: end -->")
WAYS = ("natural", "template", "translated")
FEW = 30  # documents under which a row of the table is no evidence
_OVERLAP = 10
Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    """One response, or one instruction, with the document that its row comes from."""

    document: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A statistic of one way with its interval; `draws` are those behind the interval."""

    value: float
    low: float
    high: float
    draws: Draws


@dataclass(frozen=True)
class Sample:
    """Equally many words of each way: texts cut to fit, by document."""

    texts: tuple[Text, ...]

    @property
    def documents(self) -> list[list[str]]:
        """The texts of each document."""
        found: dict[str, list[str]] = {}
        for one in self.texts:
            found.setdefault(one.document, []).append(one.text)
        return list(found.values())


def main() -> None:
    """Prints the tables; `--write` puts them into the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--natural", type=Path, metavar="BUILD", help="a build of `natural`, for its instructions")
    parser.add_argument("--words", type=int, default=20_000, help="words of each way at most (default: 20,000)")
    parser.add_argument("--draws", type=int, default=2_000, help="resamples behind an interval (default: 2,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/explanation/building.md")
    arguments = parser.parse_args()
    responses, instructions = gathered(arguments.natural)
    model_text = list(swedish())
    text = report(responses, instructions, model_text, arguments.words, arguments.draws, arguments.seed)
    text += "\n\n" + control(same_sentences(), train(model_text), arguments.draws, arguments.seed)
    print(text)
    if arguments.write:
        write(text, PAGE)


def report(
    responses: Mapping[str, Sequence[Text]],
    instructions: Mapping[str, Sequence[Text]],
    model_text: Sequence[str],
    most: int,
    draws: int,
    seed: int,
) -> str:
    """The tables as Markdown, of whatever rows there are."""
    words = min([most, *(sum(len(tokens_of(one.text)) for one in found) for found in responses.values())])
    samples = {way: equal_sample(found, words, seed) for way, found in responses.items()}
    model = train(model_text)
    figures: dict[str, dict[str, Figure]] = {"perplexity": {w: perplexity(s, model, draws, seed) for w, s in samples.items()}}
    for n in (1, 2, 3):
        figures[f"distinct-{n}"] = {way: distinct(sample, n, words // 2, draws // 10, seed) for way, sample in samples.items()}
    enough = {way: found for way, found in instructions.items() if len(found) >= FEW}
    number = min(map(len, enough.values()), default=0) // 2
    skeletons = {way: unique_skeletons(found, number, draws, seed) for way, found in enough.items()}
    shared = "; ".join(f"{overlap(found, model_text)} of {len(found.texts)} {way}" for way, found in samples.items())
    lines = [
        f"Samples of {words:,} words of responses each. The model has read {sum(map(len, model_text)):,} characters of "
        f"Talbanken; responses that share ten words in a row with them: {shared}.",
        "",
        "| responses | documents | texts | perplexity per character | distinct-1 | distinct-2 | distinct-3 |",
        "| :-- | --: | --: | --: | --: | --: | --: |",
    ]
    for way, sample in samples.items():
        cells = [shown(figures[name][way], 2 if name == "perplexity" else 3) for name in figures]
        lines.append(f"| {way} | {len(sample.documents)} | {len(sample.texts)} | {' | '.join(cells)} |")
    lines += ["", f"distinct-n: of samples of {words // 2:,} words.", ""]
    lines += ["| instructions | in all | unique skeletons |", "| :-- | --: | --: |"]
    lines += [
        f"| {way} | {len(instructions.get(way, ()))} | {shown(skeletons[way], 0) if way in skeletons else f'fewer than {FEW}'} |"
        for way in WAYS
    ]
    lines += [
        "",
        f"Unique skeletons: among {number} random instructions of each." if number else f"No way has {FEW} instructions.",
        "",
    ]
    lines += ["| hypothesis | difference | what the samples say |", "| :-- | --: | :-- |"]
    sizes = {way: len(sample.documents) for way, sample in samples.items()}
    lines += [f"| {text} | {difference} | {verdict} |" for text, difference, verdict in verdicts(figures, skeletons, sizes)]
    return "\n".join(lines)


def verdicts(
    figures: Mapping[str, Mapping[str, Figure]], skeletons: Mapping[str, Figure], documents: Mapping[str, int]
) -> Iterator[tuple[str, str, str]]:
    """Each hypothesis, the difference with its interval, and what that says."""
    pairs = [("perplexity", "natural", "template"), ("perplexity", "template", "translated")]
    pairs += [(f"distinct-{n}", *pair) for n in (1, 2, 3) for pair in (("translated", "natural"), ("template", "translated"))]
    for name, less, more in [*pairs, ("unique skeletons", "template", "translated"), ("unique skeletons", "template", "natural")]:
        held = skeletons if name == "unique skeletons" else figures[name]
        if less not in held or more not in held:
            yield f"{name}: {less} < {more}", "–", "no data"
            continue
        draws = held[more].draws - held[less].draws
        low, high = np.quantile(draws, (0.025, 0.975))
        digits = 2 if name == "perplexity" else 0 if name == "unique skeletons" else 3
        verdict = "as expected" if low > 0 else "the other way" if high < 0 else "cannot be told apart"
        if min(documents.get(less, 0), documents.get(more, 0)) < FEW:
            verdict += f"; not evidence: fewer than {FEW} documents"
        value = held[more].value - held[less].value
        yield f"{name}: {less} < {more}", f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]", verdict


def control(pairs: Sequence[tuple[Text, Text]], model: NgramModel, draws: int, seed: int) -> str:
    """The same sentences by people and by the machine: perplexities and their difference, documents drawn with replacement."""
    if not pairs:
        return "The control of equal sentences: no data."
    places = {document: place for place, document in enumerate(dict.fromkeys(one.document for one, _ in pairs))}
    sums = np.zeros((len(places), 2, 2))
    for side in (0, 1):
        for pair, found in zip(pairs, model.log_probs([pair[side].text for pair in pairs]), strict=True):
            sums[places[pair[side].document], side] += (found.nats, found.characters)
    chance = np.random.default_rng([seed, 4])
    weights = chance.multinomial(len(places), np.full(len(places), 1 / len(places)), size=draws)
    drawn = np.einsum("rd,dsk->rsk", weights, sums)
    values = np.exp(-drawn[..., 0] / drawn[..., 1])
    people, machine = (math.exp(-sums[:, side, 0].sum() / sums[:, side, 1].sum()) for side in (0, 1))
    rows = [figure(people, values[:, 0]), figure(machine, values[:, 1]), figure(machine - people, values[:, 1] - values[:, 0])]
    cells = " | ".join(shown(one, 2) for one in rows)
    return (
        "| the same sentences | documents | by people | by Apertium, from Danish | difference |\n"
        "| --: | --: | --: | --: | --: |\n"
        f"| {len(pairs)} | {len(places)} | {cells} |"
    )


def equal_sample(texts: Sequence[Text], words: int, seed: int) -> Sample:
    """Documents in random order, all texts of one after the other, until there are so many words; the last text is cut."""
    chance = np.random.default_rng(seed)
    by_document: dict[str, list[Text]] = {}
    for one in sorted(texts, key=lambda one: (one.document, one.text)):
        by_document.setdefault(one.document, []).append(one)
    kept: list[Text] = []
    left = words
    for place in chance.permutation(len(by_document)):
        for one in list(by_document.values())[place]:
            if left <= 0:
                return Sample(tuple(kept))
            cut = first_words(one.text, left)
            left -= len(tokens_of(cut))
            kept.append(Text(one.document, cut))
    return Sample(tuple(kept))


def first_words(text: str, most: int) -> str:
    """The text up to its so many-th word."""
    if len(tokens_of(text)) <= most:
        return text
    ends = [found.end() for found in re.finditer(r"\S+", text)]
    low, high = 0, len(ends)
    while low < high:  # the last blank-free stretch before which there are at most so many words
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(tokens_of(text[: ends[middle - 1]])) <= most else (low, middle - 1)
    return text[: ends[low - 1]] if low else ""


def perplexity(sample: Sample, model: NgramModel, draws: int, seed: int) -> Figure:
    """Per character, with a percentile interval of a bootstrap over documents."""
    rows = []
    for texts in sample.documents:
        found = model.log_probs(texts)
        rows.append((sum(one.nats for one in found), sum(one.characters for one in found)))
    nats, characters = np.array(rows).T
    chance = np.random.default_rng([seed, 1])
    weights = chance.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=draws)
    return figure(float(np.exp(-nats.sum() / characters.sum())), np.exp(-(weights @ nats) / (weights @ characters)))


def distinct(sample: Sample, n: int, words: int, draws: int, seed: int) -> Figure:
    """Distinct-n of random documents with so many words together: the mean, and where 95 % of the draws lie."""
    documents = [[tokens_of(text) for text in texts] for texts in sample.documents]
    chance = np.random.default_rng([seed, 2, n])
    values = np.array([distinct_share(half(documents, words, chance), n) for _ in range(draws)])
    return figure(float(values.mean()), values)


def half(documents: Sequence[Sequence[list[str]]], words: int, chance: np.random.Generator) -> list[list[str]]:
    """Texts of random documents, drawn without replacement, until they hold so many words; the last one is cut."""
    kept: list[list[str]] = []
    left = words
    for place in chance.permutation(len(documents)):
        for text in documents[place]:
            if left <= 0:
                return kept
            kept.append(text[:left])
            left -= len(kept[-1])
    return kept


def distinct_share(texts: Sequence[list[str]], n: int) -> float:
    """Distinct-n of texts that are cut into words (as `harness.build.diversity_counts.distinct_n`)."""
    found = [tuple(words[at : at + n]) for words in texts for at in range(len(words) - n + 1)]
    return len(set(found)) / len(found) if found else 0.0


def unique_skeletons(instructions: Sequence[Text], number: int, draws: int, seed: int) -> Figure:
    """How many different skeletons so many random instructions have."""
    kinds = [skeleton(one.text) for one in sorted(instructions, key=lambda one: (one.document, one.text))]
    ids = np.unique(kinds, return_inverse=True)[1]
    chance = np.random.default_rng([seed, 3])
    values = np.array([len(np.unique(chance.choice(ids, number, replace=False))) for _ in range(draws)], dtype=float)
    return figure(float(values.mean()), values)


def figure(value: float, draws: Draws) -> Figure:
    """A value with the middle 95 % of the draws."""
    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(value, float(low), float(high), draws)


def overlap(sample: Sample, model_text: Sequence[str]) -> int:
    """How many texts share ten words in a row with the model's."""
    known = {gram for text in model_text for gram in grams(text)}
    return sum(any(gram in known for gram in grams(one.text)) for one in sample.texts)


def grams(text: str) -> Iterator[tuple[str, ...]]:
    """Its word n-grams."""
    words = tokens_of(text)
    return (tuple(words[at : at + _OVERLAP]) for at in range(len(words) - _OVERLAP + 1))


def shown(one: Figure, digits: int) -> str:
    """`4.25 [4.10, 4.41]`."""
    return f"{one.value:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"


def gathered(natural: Path | None) -> tuple[dict[str, list[Text]], dict[str, list[Text]]]:
    """Responses and instructions by way, out of the sources at hand."""
    registry = load_plugins()
    responses: dict[str, list[Text]] = {"natural": fragments()}
    instructions: dict[str, list[Text]] = {}
    for way, config in (("template", "templates-sv"), ("translated", "translate-danish-seeds")):
        try:
            rows = list(sifted(built(registry, load_build_config(config).builders), config))
        except HarnessError as error:
            print(f"{way}: not built ({error})")
            continue
        responses[way], instructions[way] = texts_of(rows)
    if natural is not None:
        instructions["natural"] = texts_of(written(natural))[1]
    return responses, instructions


def written(folder: Path) -> Iterator[Example]:
    """Rows of a build of `natural`, and those that it wrote and did not choose: no score selects."""
    yield from read_table(table_path(folder, "examples"), Example)
    for row in read_table(table_path(folder, "removed"), SetAside):
        if row.reason == "not-selected" and row.example is not None:
            yield row.example


def fragments() -> list[Text]:
    """The fragments that `natural` writes about, by document."""
    from harness_plugins.datasets.native_text.fragments import Window
    from harness_plugins.datasets.native_text.reading import text_source
    from harness_plugins.datasets.natural.fragments import Fragments

    sources = [text_source("copyright-finns-inte"), text_source("swequad-mc")]
    return [Text(row.document, row.text) for row in Fragments(sources, Window(40, 300), language="sv").rows()]


def swedish() -> Iterator[str]:
    """The text that the Swedish model reads."""
    from harness_plugins.datasets.native_text.reading import documents, text_source

    for name in ("talbanken", "talbanken-dev"):
        yield from (document.text for document in documents(text_source(name)))


def same_sentences() -> list[tuple[Text, Text]]:
    """NTREX in Swedish by people, and by Apertium from the Danish; empty where the data or the program are not there."""
    from harness_plugins.datasets.translators.base import translator

    folder = data_home() / "ntrex-nordic"
    try:
        documents = [line.split("\t")[0] for line in (folder / "DOCUMENT_IDS.tsv").read_text(encoding="utf-8").splitlines()]
        texts = [
            (folder / "NTREX-128" / f"newstest2019-ref.{name}.txt").read_text(encoding="utf-8").splitlines()
            for name in ("swe", "dan")
        ]
        machine = translator("apertium", "da", "sv").translate(texts[1])
    except (OSError, HarnessError) as error:
        print(f"control: not made ({error})")
        return []
    rows = zip(documents, texts[0], machine, strict=True)
    return [(Text(document, human), Text(document, found.text)) for document, human, found in rows if found.text]


def built(registry: Registry, refs: Iterable[PluginRef]) -> Iterator[Example]:
    """What builders yield, without the rows that they set aside."""
    for ref in refs:
        builder: Any = registry.build("dataset builder", ref)
        yield from (row for row in builder.examples() if isinstance(row, Example))


def sifted(rows: Iterable[Example], name: str) -> Iterator[Example]:
    """The rows that pass the language check, the filters and the removal of duplicates."""
    config = BuildConfig(name=name, language="sv", builders=(), output="")
    with tempfile.TemporaryDirectory() as folder:
        found = sift(rows, config, (), Path(folder), lambda what, done, total: None)
        yield from (row for row in found if isinstance(row, Example))


def texts_of(rows: Iterable[Example]) -> tuple[list[Text], list[Text]]:
    """Responses and instructions."""
    held = [(row.cluster, row.instruction, response_of(row)) for row in rows]
    responses = [Text(document, response) for document, _, response in held if response]
    return responses, [Text(document, instruction) for document, instruction, _ in held if instruction]


def write(text: str, page: Path) -> None:
    """Puts the tables between the page's marks."""
    begin, end = MARKS
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
