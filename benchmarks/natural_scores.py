"""How well the parts of `natural`'s score, and their sum, tell good instructions for native Swedish text from bad ones.

    python benchmarks/natural_scores.py [--rated 39] [--unmasked] [--write]
    python benchmarks/natural_scores.py --built builds/natural-sv
    python benchmarks/natural_scores.py --calibrate

The pairs are those of tests/planted_instructions (frozen; see its README): 60 fragments, each with one good and two bad
instructions. AUC is the share of (good, bad) pairs of which the good one has the higher value, ties counting half; intervals are
95 % bootstrap intervals over fragments (2,000 draws, seed 0). The weights are the builder's defaults, equal, and were set before
any of this was computed. Texts are looked for in the data home (`HARNESS_DATA`). `--rated`: how many pairs SmolLM2-135M-Instruct
rates (whole fragments by hash; some seconds a pair). `--unmasked`: naturalness by characters of texts as they are, instead of by
words of which content words are masked. `--built` holds the planted good instructions against those that a build's model wrote,
kept or not, for texts of the same two sources. `--calibrate` fits the curve of `relevance` on another set.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import side_by_side
from harness_plugins.datasets.natural import scores as parts
from harness_plugins.datasets.natural.cleaning import flaw
from harness_plugins.datasets.natural.languages import wrong_languages
from harness_plugins.datasets.natural.measures import Measures, contrast_sources
from harness_plugins.datasets.natural.models import judge_of, one_model
from harness_plugins.datasets.natural.rows import Candidate, Row
from harness_plugins.datasets.natural.selection import Keep, key_of, standings
from natural_pairs import Pair, auc, enriched, lowered, own_above, spoilers

from harness.build.rows import SetAside
from harness.data import data_home
from harness.records import Example
from harness.store import read_table

PLANTS = Path(__file__).resolve().parent.parent / "tests" / "planted_instructions"
NATIVE, TRANSLATED = ["talbanken", "talbanken-dev"], ["ntrex-sv"]
SHOWN = (
    "length",
    "repetition",
    "rating",
    "quality",
    "relevance",
    "naturalness_instruction",
    "naturalness_response",
    "naturalness",
)


def pairs(language: str = "sv", home: Path | None = None) -> list[Pair]:
    """The planted pairs with their instructions in the language."""
    spec = spec_from_file_location("planted_instructions_locate", PLANTS / "locate.py")
    assert spec is not None
    assert spec.loader is not None
    locate = module_from_spec(spec)
    spec.loader.exec_module(locate)
    rows = [json.loads(line) for line in (PLANTS / "plants.jsonl").read_text(encoding="utf-8").split("\n") if line]
    texts = {row["fragment"]["sha256"]: locate.fragment(row, home or data_home()) for row in rows}
    return [
        Pair(row["id"], row["fragment"]["sha256"], row["kind"], row[language], texts[row["fragment"]["sha256"]]) for row in rows
    ]


def measures(judge: Any = None, *, mask: str | None = "sv") -> Measures:
    """The measures with the builder's defaults for Swedish, and windows as in configs/natural-sv.yaml."""
    native, translated = contrast_sources({"native": NATIVE, "translated": TRANSLATED}, [])
    return Measures(
        native=native,
        translated=translated,
        mask=mask,
        judge=judge,
        instruction_words=parts.Window(4, 40),
        response_words=parts.Window(50, 160),
        weights=parts.read_weights(),
    )


def scored(found: Sequence[Pair], measure: Measures) -> list[dict[str, float | None]]:
    """Every part of each pair, and `sum`, the weighted mean of all but diversity."""
    rows = [row_of(pair) for pair in found]
    measure.measure(rows)
    return [{**row.candidates[0].values, "sum": row.candidates[0].score} for row in rows]


def row_of(pair: Pair) -> Row:
    """The pair as the builder has it."""
    made = [Candidate(text=pair.instruction)]
    return Row(
        id=pair.id, text=pair.response, language="sv", document=pair.cluster, dataset="planted", start=0, end=0, candidates=made
    )


def refused(found: Sequence[Pair], language: str) -> list[str | None]:
    """Why the builder would set each pair aside before it is scored."""
    wrong = wrong_languages([pair.instruction for pair in found], language)
    return [
        flaw(pair.instruction, pair.response) or ("wrong-language" if other else None)
        for pair, other in zip(found, wrong, strict=True)
    ]


def selected(
    found: Sequence[Pair], before: Sequence[float], measure: Measures, share: float = 0.5
) -> tuple[list[bool], list[float]]:
    """Which pairs the builder would keep, and the diversity of each beside what is kept."""
    asked, answered = measure.directions([pair.instruction for pair in found], [pair.response for pair in found])
    vectors = np.stack([asked[pair.instruction] + answered[pair.response] for pair in found])
    keys = [key_of(pair.response, pair.id) for pair in found]
    by_key = sorted(range(len(found)), key=keys.__getitem__)
    stood = standings(
        vectors[by_key],
        [before[place] for place in by_key],
        [keys[place] for place in by_key],
        measure.weights,
        Keep(share=share),
    )
    of = dict(zip(by_key, stood, strict=True))
    return [of[place].rank is not None for place in range(len(found))], [
        float(of[place].diversity or 0) for place in range(len(found))
    ]


def rated(found: Sequence[Pair], count: int) -> tuple[list[Pair], list[float | None]]:
    """Pairs of whole fragments, `count` at most, by the hash of the fragment, with SmolLM2's ratings from 0 to 1."""
    taken: list[Pair] = []
    for cluster in sorted({pair.cluster for pair in found}, key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
        some = [pair for pair in found if pair.cluster == cluster]
        if len(taken) + len(some) > count:
            break
        taken += some
    choice, _ = one_model("rating", {"model": "smollm2", "backend": "server", "context": 4096}, "natural")
    measure = measures(judge_of(True, choice, "natural"))
    values = measure.ratings([(row, row.candidates[0]) for row in map(row_of, taken)])
    return taken, [parts.rating(value) for value in values]


def built(folder: Path) -> list[Pair]:
    """What a build's model wrote: the kept pairs and the rejected ones. Texts of one document are one cluster."""
    kept = read_table(folder / "examples.parquet", Example)
    rejected = (row.example for row in read_table(folder / "removed.parquet", SetAside) if row.stage == "natural")
    found = [example for example in (*kept, *rejected) if example is not None]
    return [
        Pair(each.id, each.cluster, "built", each.instruction or "", each.references[0])
        for each in found
        if each.task == "natural"
    ]


def calibrate(home: Path) -> None:
    """Prints the middle and the steepness of the logistic curve that tells a question's own answer from another's."""
    from harness_plugins.datasets.natural.embeddings import embed

    file = home / "zaragoza-construction-faq" / "faq.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    rows.sort(key=lambda row: hashlib.sha256(row["q"].encode()).hexdigest())
    asked, answered = embed([row["q"] for row in rows], prefix="query: "), embed([row["a"] for row in rows], prefix="passage: ")
    own, other = (asked * answered).sum(axis=1), (asked * np.roll(answered, 1, axis=0)).sum(axis=1)
    values, targets = np.concatenate([own, other]).astype(float), np.repeat([1.0, 0.0], len(rows))
    slope, offset, middle = 1.0, 0.0, values.mean()
    for _ in range(100):  # Newton's method
        chance = 1 / (1 + np.exp(-(slope * (values - middle) * 50 + offset)))
        weight, inputs = chance * (1 - chance) + 1e-12, np.stack([(values - middle) * 50, np.ones(len(values))])
        slope, offset = np.array([slope, offset]) + np.linalg.solve((inputs * weight) @ inputs.T, inputs @ (targets - chance))
    above = (own[:, None] > other[None]).astype(float)
    drawn = np.random.default_rng(0).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=2000)
    low, high = np.percentile(np.einsum("dg,gb,db->d", drawn, above, drawn, optimize=True) / len(rows) ** 2, [2.5, 97.5])
    print(
        f"{len(rows)} questions: MIDDLE {middle - offset / slope / 50:.3f}, STEEPNESS {slope * 50:.1f}, "
        f"AUC {above.mean():.3f} [{low:.3f}–{high:.3f}]"
    )


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Prints what was found and returns the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rated", type=int, default=39, metavar="N", help="pairs that SmolLM2 rates (0: none; default 39)")
    parser.add_argument("--unmasked", action="store_true", help="naturalness of texts as they are, content words and all")
    parser.add_argument("--built", type=Path, metavar="DIR", help="a build's instructions against the planted good ones, instead")
    parser.add_argument("--calibrate", action="store_true", help="fit the curve of relevance instead")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    chosen = parser.parse_args(arguments)
    if chosen.calibrate:
        calibrate(data_home())
        return []
    figures: list[dict[str, Any]] = []

    def tell(job: str, value: Any) -> None:
        figures.append({"job": job, "value": str(value)})
        print(f"{job}: {value}", flush=True)

    measure = measures(mask=None if chosen.unmasked else "sv")
    if chosen.built:
        _tell_built(tell, [*(pair for pair in pairs() if pair.kind == "good"), *built(chosen.built)], measure)
        return figures
    for language, name in (("sv", "Swedish"), ("en", "English")):
        found = pairs(language)
        values = scored(found, measure)
        columns = {part: [row[part] for row in values] for part in (*SHOWN, "sum")}
        columns["words alone"] = [float(len(pair.instruction.split())) for pair in found]
        if language == "en":
            columns = {part: column for part, column in columns.items() if not part.startswith("naturalness")}
            columns["sum"] = [parts.combined({k: r[k] for k in ("quality", "relevance")}, measure.weights.parts) for r in values]
        _tell_auc(tell, name, found, columns)
        why = refused(found, language)
        ruled = [
            None if value is None else value - (reason is not None) for value, reason in zip(columns["sum"], why, strict=True)
        ]
        tell(f"{name}: set aside by rules", _by_kind(found, why))
        tell(f"{name}: AUC of the sum, what rules set aside below all", auc(found, ruled))
        for what, column in (("relevance", columns["relevance"]), ("sum", columns["sum"]), ("sum after rules", ruled)):
            tell(f"{name}: the fragment's good instruction has the higher {what} (n = 120)", own_above(found, column))
        if language == "sv":
            _tell_selection(tell, found, [float(value or 0) for value in columns["sum"]], why, measure)
            _tell_spoilt(tell, found, columns["sum"], measure)
    if chosen.rated:
        some, ratings = rated(pairs("sv"), chosen.rated)
        missing = sum(value is None for value in ratings)
        tell(f"Swedish: AUC of SmolLM2's rating, {len(some)} pairs, {missing} without", auc(some, ratings))
    if chosen.write:
        side_by_side.write("natural_scores", [], figures)
    return figures


def _tell_auc(
    tell: Callable[[str, Any], None], name: str, found: Sequence[Pair], columns: Mapping[str, Sequence[float | None]]
) -> None:
    for part, values in columns.items():
        known = [value for value in values if value is not None]
        if known:
            tell(f"{name}: AUC of {part} (n = {len(known)})", auc(found, values))
    for kind in sorted({pair.kind for pair in found} - {"good"}):
        line = ", ".join(f"{part} {auc(found, columns[part], kind.__eq__)}" for part in ("quality", "relevance", "sum"))
        tell(f"{name}, {kind}: AUC", line)


def _tell_built(tell: Callable[[str, Any], None], found: Sequence[Pair], measure: Measures) -> None:
    values = scored(found, measure)
    for part in (*SHOWN, "sum"):
        column = [row[part] for row in values]
        known = [(pair.kind, value) for pair, value in zip(found, column, strict=True) if value is not None]
        sides = [[value for kind, value in known if kind == wanted] for wanted in ("good", "built")]
        if all(sides):
            means, sizes = (" and ".join(map(str, each)) for each in ([f"{np.mean(one):.2f}" for one in sides], map(len, sides)))
            tell(f"planted good over built: AUC of {part} (n = {sizes}; means {means})", auc(found, column))


def _by_kind(found: Sequence[Pair], why: Sequence[str | None]) -> str:
    kinds = ["good", *sorted({pair.kind for pair in found} - {"good"})]
    told = [(kind, [reason for pair, reason in zip(found, why, strict=True) if pair.kind == kind]) for kind in kinds]
    return ", ".join(f"{kind} {sum(reason is not None for reason in some)}/{len(some)}" for kind, some in told)


def _tell_selection(
    tell: Callable[[str, Any], None],
    found: Sequence[Pair],
    before: Sequence[float],
    why: Sequence[str | None],
    measure: Measures,
) -> None:
    kept, _ = selected(found, before, measure)
    tell("Swedish: half kept by the sum with diversity", enriched(found, kept))
    usable = [place for place, reason in enumerate(why) if reason is None]
    among, _ = selected([found[place] for place in usable], [before[place] for place in usable], measure)
    after = dict(zip(usable, among, strict=True))
    tell("Swedish: rules, then half of the rest kept", enriched(found, [after.get(place, False) for place in range(len(found))]))
    alone = [place for place, pair in enumerate(found) if pair.kind != "other-fragment"]  # their words are those of good rows
    some = [found[place] for place in alone]
    _, diversity = selected(some, [before[place] for place in alone], measure)
    tell(f"Swedish: AUC of diversity beside what is kept, without other-fragment (n = {len(some)})", auc(some, diversity))


def _tell_spoilt(
    tell: Callable[[str, Any], None], found: Sequence[Pair], total: Sequence[float | None], measure: Measures
) -> None:
    good = [pair for pair in found if pair.kind == "good"]
    own = {pair.cluster: value for pair, value in zip(found, total, strict=True) if pair.kind == "good"}
    before = [own[pair.cluster] for pair in good]
    planted = [(pair, value) for pair, value in zip(found, total, strict=True) if pair.kind != "good"]
    told = lowered([pair for pair, _ in planted], [own[pair.cluster] for pair, _ in planted], [value for _, value in planted])
    tell(
        f"planted bad instructions lower the sum by (n = {told.n} fragments)",
        f"{told.value:.3f} [{told.low:.3f}–{told.high:.3f}]",
    )
    for name, spoil in spoilers().items():
        spoilt = [row["sum"] for row in scored([spoil(pair, good) for pair in good], measure)]
        told = lowered(good, before, spoilt)
        tell(f"{name} lowers the sum by (n = {told.n})", f"{told.value:.3f} [{told.low:.3f}–{told.high:.3f}]")


if __name__ == "__main__":
    main(sys.argv[1:])
