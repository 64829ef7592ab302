"""chrF of each translator that is at hand, on NTREX: 1,997 sentences of 123 news documents, translated by people.

    python benchmarks/translators.py
    python benchmarks/translators.py --items 0 --write                 without the language model
    python benchmarks/translators.py --model gpt-4o-mini --backend openai --items 100

Danish into Swedish: untranslated, and apertium (where it is installed). English into Swedish: untranslated, the table of NTREX's
own sentences (100 by construction: it shows that nothing is lost on the way), and a language model on `--items` sentences, spread
evenly over the documents, with prompts of configs/translate. chrF2 is sacrebleu's, over the corpus; a sentence without a
translation counts as an empty one, and `answered` says how many have one. Intervals are 95 % bootstrap intervals over documents
(1,000 draws, seed 0); under 10 documents there is none. NTREX's translators worked from English, so the Danish side is itself a
translation.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import side_by_side

from harness.data import data_home
from harness.errors import PluginError

FOLDER = Path("ntrex-nordic")
FILES = {"en": "newstest2019-src.eng", "sv": "newstest2019-ref.swe", "da": "newstest2019-ref.dan"}
DRAWS, FEWEST = 1000, 10
PROMPTS = ("en-sv", "few-shot-en-sv")


class Corpus(NamedTuple):
    """Line-aligned sentences by language, and the document of each."""

    sentences: dict[str, list[str]]
    documents: list[str]


class Scored(NamedTuple):
    """A translator's row: chrF2 over the corpus with its interval over documents, sentences answered of those asked."""

    name: str
    direction: str
    chrf: float
    low: float | None
    high: float | None
    sentences: int
    documents: int
    answered: int
    seconds: float
    note: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=12, help="sentences for the language model (default: 12; 0: none)")
    parser.add_argument("--model", default="smollm2", help="the language model (default: smollm2, inside a package)")
    parser.add_argument("--backend", default="server", help="how it is reached: server, openai, transformers (default: server)")
    parser.add_argument("--base-url", help="where an OpenAI-compatible server answers")
    parser.add_argument(
        "--prompt", action="append", help="a prompt of configs/translate, or a file (default: en-sv, few-shot-en-sv)"
    )
    parser.add_argument("--sentences", type=int, help="only the first so many sentences")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    corpus = read(data_home() / FOLDER, arguments.sentences)
    rows = [*fixed(corpus), *language_model(corpus, arguments)]
    print(table(rows))
    if arguments.write:
        side_by_side.write("translators", [], figures(rows))


def read(folder: Path, most: int | None = None) -> Corpus:
    """The corpus, or its first sentences; exits with a message where it is not there."""
    try:
        sentences = {tag: (folder / "NTREX-128" / f"{name}.txt").read_text().splitlines()[:most] for tag, name in FILES.items()}
        documents = (folder / "DOCUMENT_IDS.tsv").read_text().split()[:most]
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is absent: set HARNESS_DATA to a folder that holds {FOLDER}/ (NTREX-128, commit 8561f6a)")
    assert len({len(documents), *map(len, sentences.values())}) == 1
    return Corpus(sentences, documents)


def fixed(corpus: Corpus) -> list[Scored]:
    """The rows that take no language model."""
    english = data_home() / FOLDER / "NTREX-128" / f"{FILES['en']}.txt"
    swedish = data_home() / FOLDER / "NTREX-128" / f"{FILES['sv']}.txt"
    everything = range(len(corpus.documents))
    ntrex = {"name": "table", "source_file": str(english), "target_file": str(swedish)}
    return [
        scored("untranslated", None, "da", corpus, everything),
        scored("apertium", "apertium", "da", corpus, everything),
        scored("untranslated", None, "en", corpus, everything),
        scored("table of NTREX", ntrex, "en", corpus, everything, "100 by construction"),
    ]


def language_model(corpus: Corpus, arguments: Any) -> list[Scored]:
    """The model's rows, one a prompt, and untranslated English on the same sentences."""
    count = min(arguments.items, len(corpus.documents))
    if count < 1:
        return []
    chosen = [place * len(corpus.documents) // count for place in range(count)]
    value = {"name": "llm", "model": arguments.model, "backend": arguments.backend}
    value |= {"base_url": arguments.base_url} if arguments.base_url else {}
    return [
        scored("untranslated, sentences of the next rows", None, "en", corpus, chosen),
        *(
            scored(f"llm {arguments.model}, prompt {prompt}", {**value, "prompt": prompt}, "en", corpus, chosen)
            for prompt in arguments.prompt or PROMPTS
        ),
    ]


def scored(name: str, value: Any, source: str, corpus: Corpus, chosen: Sequence[int], note: str = "") -> Scored:
    """The row of one translator into Swedish (None: the source as it is); a row without numbers where it cannot be had."""
    from harness_plugins.datasets.translators.base import Translated, translator

    texts = [corpus.sentences[source][place] for place in chosen]
    references = [corpus.sentences["sv"][place] for place in chosen]
    documents = [corpus.documents[place] for place in chosen]
    started = time.perf_counter()
    try:
        results = [Translated(text) for text in texts] if value is None else translator(value, source, "sv").translate(texts)
    except PluginError as error:
        nothing = float("nan")
        return Scored(name, f"{source}→sv", nothing, None, None, 0, 0, 0, 0.0, f"not here: {error}".split(". ")[0])
    seconds = time.perf_counter() - started
    reasons = Counter(result.reason for result in results if result.text is None)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    chrf, low, high = interval([result.text or "" for result in results], references, documents)
    note = "; ".join(part for part in (note, told) if part)
    answered = sum(result.text is not None for result in results)
    return Scored(name, f"{source}→sv", chrf, low, high, len(texts), len({*documents}), answered, seconds, note)


def interval(
    found: Sequence[str], references: Sequence[str], documents: Sequence[str]
) -> tuple[float, float | None, float | None]:
    """sacrebleu's chrF2 over the corpus, and the ends of its 95 % interval over documents."""
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    statistics = np.array(metric._extract_corpus_statistics(list(found), [list(references)]))
    names = sorted({*documents})
    place = {name: number for number, name in enumerate(names)}
    sums = np.zeros((len(names), statistics.shape[1]), dtype=np.int64)
    np.add.at(sums, [place[name] for name in documents], statistics)
    chrf = metric.corpus_score(list(found), [list(references)]).score
    assert abs(metric._compute_f_score(sums.sum(axis=0).tolist()) - chrf) < 1e-9
    if len(names) < FEWEST:
        return chrf, None, None
    draws = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS) @ sums
    low, high = np.percentile([metric._compute_f_score(draw.tolist()) for draw in draws], [2.5, 97.5])
    return chrf, float(low), float(high)


def table(rows: Sequence[Scored]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| translator | direction | chrF2 | 95 % interval | sentences (documents) | answered | seconds | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if not row.sentences:
            lines.append(f"| {row.name} | {row.direction} | – | – | – | – | – | {row.note} |")
            continue
        numbers = f"{row.chrf:.1f} | {_ends(row)} | {row.sentences:,} ({row.documents}) | {row.answered:,} | {row.seconds:.1f}"
        lines.append(f"| {row.name} | {row.direction} | {numbers} | {row.note} |")
    return "\n".join(lines)


def figures(rows: Sequence[Scored]) -> list[dict[str, Any]]:
    """What the documentation keeps of the rows that have numbers."""
    return [
        {
            "job": f"chrF2 on NTREX, {row.direction}, {row.name}",
            "value": f"{row.chrf:.1f} [{_ends(row)}], n = {row.sentences:,} sentences of {row.documents} documents, "
            f"{row.answered:,} answered" + (f" ({row.note})" if row.note else ""),
        }
        for row in rows
        if row.sentences
    ]


def _ends(row: Scored) -> str:
    return "none" if row.low is None or row.high is None else f"{row.low:.1f}–{row.high:.1f}"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
