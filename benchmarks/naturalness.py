"""How well a contrast of two n-gram models tells native Swedish from translated Swedish, on texts that neither has read.

python benchmarks/naturalness.py [--characters 400] [--draws 1000]

Native: "Copyright finns inte", SweQUAD's contexts, UD Talbanken. Translated: NTREX's professional Swedish (from English),
sweinstruct's inputs (by machine, from English), Apertium's Swedish of NTREX's Danish. Every text is cut at blanks into pieces of
`--characters`; AUC = the chance that a native piece has the higher naturalness, ties half; its 95 % interval is a bootstrap over
source documents, of both sides. What is read and what is asked never share a document. The last rows hold the subject fixed: the
same NTREX sentences, by people and by Apertium.
"""

import argparse
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from harness_plugins.datasets.native_text.reading import documents, text_source
from harness_plugins.datasets.translators.base import translator

from harness.data import data_home
from harness.text.ngram_model_contrast import train_contrast

Pieces = Sequence[tuple[str, str]]  # (document, text)


def main() -> None:
    options = _options()
    cut = lambda texts: _pieces(texts, options.characters)  # noqa: E731
    book, swequad = _native("copyright-finns-inte"), _native("swequad-mc")
    talbanken = _native("talbanken") | _native("talbanken-dev")
    ntrex, inputs = _ntrex("swe"), _sweinstruct()
    one, other = _half(ntrex)
    native, native_held = _half({**book, **swequad})
    read_inputs, held_inputs = _half(inputs)
    rows: list[tuple[str, str, Mapping[str, str], Mapping[str, str], Mapping[str, str], Mapping[str, str]]] = [
        ("same sources", "half of each", native, read_inputs, native_held, held_inputs),
        ("same sources, NTREX", "half of each", native, one, native_held, other),
        ("other sources", "book+SweQUAD | sweinstruct", {**book, **swequad}, inputs, talbanken, ntrex),
        ("other sources", "book+SweQUAD | NTREX", {**book, **swequad}, ntrex, talbanken, inputs),
        ("other sources, natural-sv", "Talbanken | NTREX", talbanken, ntrex, {**book, **swequad}, inputs),
    ]
    apertium = _apertium(ntrex) if shutil.which("apertium") else None
    if apertium is None:
        print("apertium is not installed: the rows that hold the subject fixed are left out")
    else:
        mine, theirs = {name: apertium[name] for name in one}, {name: apertium[name] for name in other}
        rows += [
            ("same sentences", "NTREX half: people | apertium", one, mine, other, theirs),
            ("same sentences", "book+SweQUAD | apertium NTREX half", {**book, **swequad}, mine, other, theirs),
            ("same sentences", "book+SweQUAD | sweinstruct", {**book, **swequad}, inputs, ntrex, apertium),
            ("other sources", "book+SweQUAD | apertium NTREX", {**book, **swequad}, apertium, talbanken, inputs),
        ]
    print(f"pieces of {options.characters} characters; models: 6 characters, or 3 words with content words masked")
    head = f"{'asked':26} {'read: native | translated':36} {'model':10}"
    print(f"{head} {'AUC':>5} {'95 %':>13} {'pieces':>11} {'documents':>9} {'s.d.':>6}")
    for (asked, read, *texts), mask in itertools.product(rows, (None, "sv")):
        contrast = train_contrast(texts[0].values(), texts[1].values(), mask=mask)
        sides = [cut(side) for side in texts[2:]]
        scores = [np.array(contrast.ratios([text for _, text in side])) for side in sides]
        low, high = _interval(sides, scores, options.draws)
        spread = float(np.mean([np.std(side) for side in scores]))
        print(
            f"{asked:26} {read:36} {'masked' if mask else 'characters':10} {auc(*scores):5.3f} "
            f"[{low:.3f} {high:.3f}] {len(sides[0]):5}+{len(sides[1]):5} "
            f"{len(texts[2]):4}+{len(texts[3]):4} {spread:6.3f}"
        )


def auc(ones: np.ndarray, zeros: np.ndarray) -> float:
    """The chance that one of `ones` is larger than one of `zeros`, equal ones half."""
    ordered = np.sort(zeros)
    below = np.searchsorted(ordered, ones, "left") + np.searchsorted(ordered, ones, "right")
    return float(below.mean() / (2 * len(zeros)))


def _interval(sides: Sequence[Pieces], scores: Sequence[np.ndarray], draws: int) -> tuple[float, float]:
    draw = np.random.default_rng(0)
    groups: list[list[np.ndarray]] = []
    for side, values in zip(sides, scores, strict=True):
        places: dict[str, list[int]] = {}
        for place, (name, _) in enumerate(side):
            places.setdefault(name, []).append(place)
        groups.append([values[rows] for rows in places.values()])
    found = []
    for _ in range(draws):
        sampled = [np.concatenate([group[at] for at in draw.integers(len(group), size=len(group))]) for group in groups]
        found.append(auc(*sampled))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _pieces(texts: Mapping[str, str], characters: int) -> Pieces:
    """Runs of whole words of about so many characters; what is left at a text's end is left out."""
    made = []
    for name, text in texts.items():
        piece = ""
        for word in text.split():
            piece = f"{piece} {word}" if piece else word
            if len(piece) >= characters:
                made.append((name, piece))
                piece = ""
    return made


def _half(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for name, text in texts.items():
        sides[hashlib.sha256(name.encode()).digest()[0] % 2][name] = text
    return sides


def _native(name: str) -> dict[str, str]:
    return {one.id: _plain(one.text) for one in documents(text_source(name))}


def _ntrex(language: str) -> dict[str, str]:
    folder = data_home() / "ntrex-nordic"
    names = (folder / "DOCUMENT_IDS.tsv").read_text(encoding="utf-8").split()
    lines = (folder / f"NTREX-128/newstest2019-ref.{language}.txt").read_text(encoding="utf-8").splitlines()
    texts: dict[str, list[str]] = {}
    for name, line in zip(names, lines, strict=True):
        texts.setdefault(name, []).append(line)
    return {name: _plain(" ".join(parts)) for name, parts in texts.items()}


def _apertium(swedish: Mapping[str, str]) -> dict[str, str]:
    danish = _ntrex("dan")
    engine = translator("apertium", "da", "sv")
    made = [one.text for one in engine.translate([danish[name] for name in swedish])]
    return {name: _plain(text or "") for name, text in zip(swedish, made, strict=True)}


def _sweinstruct() -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted((data_home() / "sweinstruct/data/natural_instructions_swe").glob("*.jsonl")):
        for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
            text = _plain(json.loads(line)["input"].removeprefix("Passage:").removeprefix("Mening:"))
            texts[hashlib.sha256(text[:80].encode()).hexdigest()[:12]] = text
    return texts


_plain: Callable[[str], str] = lambda text: " ".join(text.split())  # noqa: E731  # layout tells sources apart, not languages


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=400, help="of a piece")
    parser.add_argument("--draws", type=int, default=1000, help="of the bootstrap")
    return parser.parse_args()


if __name__ == "__main__":
    main()
