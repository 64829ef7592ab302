"""The ready data sets of JUDGE-BENCH: their real files, read record by record."""

import csv
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.judgments.cola import Cola
from harness_plugins.judgments.judge_bench_file import deviating_means, read_judge_file
from harness_plugins.judgments.llmbar import LLMBar
from harness_plugins.judgments.recipes import DATA as RECIPES_DATA
from harness_plugins.judgments.recipes import FILE, GENERATED, Recipes
from harness_plugins.judgments.roscoe import FILES, Roscoe

from harness.judgments import JudgmentSet, read_judgments
from harness.meta.options import MetaOptions
from harness.stages.metaevaluate import metaevaluate

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def home(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    return shared_data / "judge-bench"


def means(data: JudgmentSet, criterion: str) -> dict[str, float]:
    """Mean rating of each output, on the scale as the file has it."""
    found: dict[str, list[float]] = {}
    for judgment in data.judgments:
        if judgment.criterion == criterion and isinstance(judgment.value, float):
            found.setdefault(judgment.output_id, []).append(judgment.value)
    return {output: math.fsum(own) / len(own) for output, own in found.items()}


def test_llmbar_has_100_natural_and_319_adversarial_pairs(home: Path) -> None:
    data = read_judgments(LLMBar())
    assert (len(data.examples), len(data.outputs), len(data.preferences)) == (419, 838, 419)
    adversarial = {"neighbor": 134, "gptinst": 92, "gptout": 47, "manual": 46}
    expected = {"natural": 100} | {f"adversarial-{kind}": count for kind, count in adversarial.items()}
    assert Counter(example.task for example in data.examples) == expected
    assert Counter(preference.winner for preference in data.preferences) == {"a": 42 + 164, "b": 58 + 155}
    assert len({example.cluster for example in data.examples}) == 418  # one instruction occurs twice
    raw = json.loads((home / "data/llmbar/data-adversarial.json").read_bytes())["instances"][0]
    first = data.examples[100]
    assert (first.id, first.instruction) == ("llmbar/Adversarial_Neighbor_0", raw["instance"]["input"])
    texts = {output.id: output.text for output in data.outputs}
    assert texts[f"{first.id}/output-b"] == raw["instance"]["output_b"]


def test_llmbar_is_read_in_parts() -> None:
    natural, adversarial = read_judgments(LLMBar("natural")), read_judgments(LLMBar("adversarial"))
    assert (natural.info.name, len(natural.examples)) == ("llmbar-natural", 100)
    assert (adversarial.info.name, len(adversarial.examples)) == ("llmbar-adversarial", 319)
    assert any("mislead judges" in note for note in adversarial.notes)
    assert not any("mislead judges" in note for note in natural.notes)
    with pytest.raises(ValueError, match="Did you mean 'natural'"):
        LLMBar("nature")


def test_on_adversarial_pairs_the_longer_answer_is_mostly_the_worse() -> None:
    rows = metaevaluate(
        read_judgments(LLMBar("adversarial")), [], [], MetaOptions(resamples=20, random_draws=2, draws=20, slices=())
    )
    (length,) = [
        r for r in rows if (r.metric or "").startswith("length|") and (r.statistic, r.support) == ("accuracy_raw", "own")
    ]
    assert length.n_pairs == 319
    assert length.value is not None
    assert length.value < 0.25


@pytest.mark.parametrize(
    ("part", "chains", "passages"), [("cosmos", 195, 166), ("drop", 210, 73), ("esnli", 151, 75), ("gsm8k", 200, 200)]
)
def test_roscoe_has_its_chains_and_every_mean_is_that_of_its_scores(home: Path, part: str, chains: int, passages: int) -> None:
    data = read_judgments(Roscoe(part))
    assert (len(data.examples), len(data.outputs), data.systems) == (chains, chains, ("gpt-3",))
    assert len({example.cluster for example in data.examples}) == passages
    file = read_judge_file(home / FILES[part])
    assert not deviating_means(file, tolerance=1e-9)
    raw = json.loads((home / FILES[part]).read_bytes())["instances"]
    for criterion in ("Overall Quality", "Coherency"):
        recomputed = means(data, criterion)
        for one in raw:
            assert recomputed[f"roscoe/{part}/{one['id']}/gpt-3"] == pytest.approx(
                one["annotations"][criterion]["mean_human"], abs=1e-9
            )


def test_roscoe_takes_its_texts_apart() -> None:
    data = read_judgments(Roscoe("gsm8k"))
    first, output = data.examples[0], data.outputs[0]
    assert first.instruction is not None
    assert first.instruction.startswith("Question: Janet’s ducks lay 16 eggs per day.")
    assert first.references[0].startswith("Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day.")
    assert output.text is not None
    assert output.text.startswith("Step 1 - Janet eats 3 duck eggs")
    assert output.text.endswith("Step 4 - A: 18")
    drop = read_judgments(Roscoe("drop")).examples[0]
    assert drop.references == ()
    assert drop.meta["answer"] in ("yes", "no")
    assert "Correct Relationship" not in (drop.instruction or "")


def test_on_flaws_of_a_chain_a_yes_is_the_bad_answer() -> None:
    data = read_judgments(Roscoe("gsm8k"))
    first = {j.criterion: j for j in data.judgments if j.output_id == data.outputs[1].id}
    assert Counter(j.value for j in data.judgments if j.criterion == "Missing Steps") == {0.0: 119, 1.0: 81}
    assert first["Missing Steps"].scale is not None
    assert {c: j.scale.direction for c, j in first.items() if j.scale} == {
        "Overall Quality": "up", "Coherency": "up", "Missing Steps": "down", "Contradiction": "down",
    }  # fmt: skip


def test_all_parts_of_roscoe_together_are_its_parts() -> None:
    everything = read_judgments(Roscoe())
    assert (len(everything.examples), everything.info.name) == (195 + 210 + 151 + 200, "roscoe")
    assert Counter(example.task for example in everything.examples) == {"cosmos": 195, "drop": 210, "esnli": 151, "gsm8k": 200}


def test_recipes_have_ten_recipes_in_five_versions_by_88_raters() -> None:
    data = read_judgments(Recipes())
    assert (len(data.examples), len(data.outputs)) == (10, 50)
    assert data.systems == ("context", "coref", "dependency", "no_context", "original")
    raters = {judgment.rater for judgment in data.judgments}
    assert raters == {f"rater-{number:02d}" for number in range(1, 89)}
    per_rater = Counter(j.rater for j in data.judgments if j.criterion == "overall")
    assert set(per_rater.values()) == {10}  # each rater read one version of each recipe
    assert len(data.judgments) == 6 * 10 * (18 + 17 + 15 + 18 + 20)


def test_every_mean_of_the_recipes_is_that_of_its_scores_rounded_to_three_decimals(home: Path) -> None:
    """210 of 312 differ by the rounding alone; the table in the documentation lists each."""
    raw = json.loads((home / FILE).read_bytes())["instances"]
    recomputed = {criterion: means(read_judgments(Recipes(controls=True)), criterion) for criterion in ("grammar", "overall")}
    for criterion, own in recomputed.items():
        in_file = sorted(one["annotations"][criterion]["mean_human"] for one in raw)
        assert sorted(round(mean, 3) for mean in own.values()) == in_file
    found = deviating_means(read_judge_file(home / FILE))
    assert len(found) == 210
    assert all(round(deviation.mean, 3) == deviation.in_file for deviation in found)
    with (ROOT / "docs" / "data" / "recipes-means.tsv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["instance"], row["criterion"], float(row["mean_human"])) for row in listed] == [
        (deviation.instance, deviation.criterion, deviation.in_file) for deviation in found
    ]
    assert max(abs(float(row["difference"])) for row in listed) < 0.0005


def test_a_column_of_a_recipe_list_is_one_person(home: Path) -> None:
    """What the set's note says: the columns' means differ by far more than if scores were shuffled within each text."""
    file = read_judge_file(home / FILE)
    rng = np.random.default_rng(0)
    for start in range(0, 50, 10):
        rows = [
            [float(score) for score in one.answers["overall"].scores if score is not None]
            for one in file.instances[start : start + 10]
        ]
        centred = np.array(rows) - np.mean(rows, axis=1, keepdims=True)
        shuffled = [rng.permuted(centred, axis=1).mean(axis=0).var() for _ in range(500)]
        assert np.mean(np.array(shuffled) >= centred.mean(axis=0).var()) < 0.02


def test_the_controls_are_read_when_asked_for_and_everyone_rated_them() -> None:
    data = read_judgments(Recipes(controls=True))
    assert set(data.systems) - set(read_judgments(Recipes()).systems) == {"control-coherence", "control-grammaticality"}
    control = next(output.id for output in data.outputs if output.system == "control-coherence")
    raters = [j.rater for j in data.judgments if j.output_id == control and j.criterion == "overall"]
    assert raters == [f"rater-{number:02d}" for number in range(1, 89)]


def test_the_version_that_people_wrote_is_a_reference_only_when_asked() -> None:
    data = read_judgments(Recipes(reference="original"))
    texts = {(output.example_id, output.system): output.text for output in data.outputs}
    for example in data.examples:
        assert example.references == (texts[example.id, "original"],)
    assert data.info.reference_systems == ("original",)
    assert data.info.system_sets["generated"] == GENERATED
    assert not any(example.references for example in read_judgments(Recipes()).examples)
    with pytest.raises(ValueError, match="reference is original or nothing"):
        Recipes(reference="coref")


def test_cola_has_1043_sentences_of_one_system_and_yes_is_good() -> None:
    data = read_judgments(Cola())
    assert (len(data.examples), data.systems) == (1043, ("literature",))
    assert Counter(judgment.value for judgment in data.judgments) == {1.0: 719, 0.0: 324}
    assert len({example.cluster for example in data.examples}) == 1040
    assert data.outputs[0].text == "The sailors rode the breeze clear of the rocks."


def test_a_set_of_one_system_says_that_nothing_is_compared_within_an_item() -> None:
    options = MetaOptions(resamples=20, random_draws=2, draws=20, slices=())
    rows = metaevaluate(read_judgments(Roscoe("gsm8k")), [], [], options)
    notes = {r.note for r in rows if r.grouping == "item" and r.statistic == "accuracy" and r.criterion == "Coherency"}
    assert notes == {"no data: no two rated outputs can be compared"}
    whole = [r for r in rows if r.grouping == "none" and r.statistic == "accuracy" and r.criterion == "Coherency"]
    assert {r.n_pairs for r in whole if r.support == "own"} == {200 * 199 // 2}


def test_the_licence_of_each_set_is_its_own() -> None:
    licences = {source.info.name: source.info.licence for source in (LLMBar(), Roscoe(), Recipes(), Cola())}
    assert licences == {"llmbar": "MIT", "roscoe": "MIT", "recipes": "Apache-2.0 AND CC-BY-4.0", "cola": "CC0-1.0"}
    assert RECIPES_DATA.folder == "judge-bench"
