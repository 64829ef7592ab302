"""The Swedish GEC ratings, held against the files themselves, the published table and an independent tool's means."""

import json
import shutil
from pathlib import Path

import pytest
from harness_plugins.judgments.gec_sv import DATA, GecSv

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments

PUBLISHED = {  # Östling et al. 2024, Table 4, all levels
    "grammaticality": {"granska": 3.0, "mt": 3.3, "s2": 3.7, "mm": 3.9, "mw": 3.9},
    "fluency": {"granska": 2.8, "mt": 3.1, "s2": 3.6, "mm": 3.8, "mw": 3.8},
    "meaning": {"granska": 3.5, "mt": 3.4, "s2": 3.4, "mm": 3.9, "mw": 3.8},
}


@pytest.fixture(autouse=True)
def data_home(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    return shared_data


@pytest.fixture
def main() -> JudgmentSet:
    return read_judgments(GecSv())


def means(data: JudgmentSet, rater: str) -> dict[str, dict[str, float]]:
    systems = {output.id: output.system for output in data.outputs}
    values: dict[str, dict[str, list[float]]] = {}
    for judgment in data.judgments:
        if judgment.rater == rater and judgment.value is not None:
            values.setdefault(judgment.criterion, {}).setdefault(systems[judgment.output_id], []).append(judgment.value)
    return {c: {s: sum(v) / len(v) for s, v in by_system.items()} for c, by_system in values.items()}


def test_the_main_set_has_192_items_and_five_systems(main: JudgmentSet) -> None:
    assert (len(main.examples), len(main.outputs)) == (192, 960)
    assert main.systems == ("granska", "mm", "mt", "mw", "s2")
    assert main.criteria == ("grammaticality", "fluency", "meaning")
    assert [sum(e.meta == {"cefr": level} for e in main.examples) for level in "ABC"] == [64, 64, 64]
    assert {(e.language, e.task, e.form, e.split) for e in main.examples} == {("sv", "gec", None, "main")}


def test_every_output_has_three_ratings_of_the_primary_rater_and_zeros_are_missing(main: JudgmentSet) -> None:
    own = [j for j in main.judgments if j.rater == "katarina"]
    assert len(own) == 2880
    missing = [j for j in own if j.value is None]
    # counted in the files: 5 + 5 + 5 in A, 11 (meaning only) in B, none in C
    assert {c: sum(j.criterion == c for j in missing) for c in main.criteria} == {
        "grammaticality": 5,
        "fluency": 5,
        "meaning": 16,
    }
    assert {j.note for j in missing} == {"rated 0: other or noise"}
    assert {j.value for j in own} == {None, 1.0, 2.0, 3.0, 4.0}


def test_the_second_rater_is_kept_beside_the_primary_one(main: JudgmentSet) -> None:
    second = [j for j in main.judgments if j.rater == "robert"]
    assert len(second) == 11 * 5 * 3
    assert len({j.output_id.rsplit("/", 1)[0] for j in second}) == 11
    assert main.info.primary_rater == "katarina"


def test_means_equal_the_independent_tool_and_the_published_table(main: JudgmentSet, oracles: Path) -> None:
    expected = json.loads((oracles / "gec_sv.json").read_text(encoding="utf-8"))["mean_rating"]
    names = {"grammaticality": "Grammaticality", "fluency": "Fluency", "meaning": "Meaning Preservation"}
    own = means(main, "katarina")
    for criterion, by_system in own.items():
        assert by_system == pytest.approx(expected[names[criterion]], abs=1e-12)
        assert {system: round(mean, 1) for system, mean in by_system.items()} == PUBLISHED[criterion]


def test_texts_are_the_files_own_to_the_character(main: JudgmentSet, data_home: Path) -> None:
    items = json.loads((data_home / DATA.folder / "annotations/balanced_B/katarina.json").read_bytes())["data"]
    outputs = {output.id: output.text for output in main.outputs}
    for number, item in enumerate(items, 1):
        example = main.examples[63 + number]
        assert (example.id, example.source, example.references) == (
            f"gec-sv/b-{number:03d}",
            item["original"],
            (item["reference"],),
        )
        for system, answer in item["systems"].items():
            assert outputs[f"{example.id}/{system}"] == answer["output"]


@pytest.mark.parametrize("rounds", [1, "2"])
def test_a_pilot_round_has_ten_items_that_both_raters_rated_in_full(rounds: int | str) -> None:
    data = read_judgments(GecSv(rounds=rounds))
    assert (len(data.examples), data.systems) == (10, ("granska", "mt-base", "mystery", "s2"))
    for rater in ("katarina", "robert"):
        assert sum(j.rater == rater for j in data.judgments) == 10 * 4 * 3
    assert {e.split for e in data.examples} == {f"round{rounds}"}
    assert data.info.system_sets == {"machine": ("granska", "mt-base", "s2"), "human": ("mystery",)}


def test_all_rounds_together_keep_the_main_items_as_they_are(main: JudgmentSet) -> None:
    everything = read_judgments(GecSv(rounds="all"))
    assert everything.examples[:192] == main.examples
    assert (len(everything.examples), len(everything.outputs)) == (212, 1040)


def test_a_cluster_is_one_learner_sentence() -> None:
    examples = read_judgments(GecSv(rounds="all")).examples
    clusters = {example.cluster for example in examples}
    sentences = {example.source for example in examples}
    pairs = {(example.cluster, example.source) for example in examples}
    assert len(clusters) == len(sentences) == len(pairs)


def test_machine_leaves_the_human_rewriters_out() -> None:
    data = read_judgments(GecSv(), systems="machine")
    assert data.systems == ("granska", "mt", "s2")
    assert len(data.outputs) == 192 * 3


def test_one_rewriter_is_known_to_equal_the_reference_on_most_items(main: JudgmentSet) -> None:
    assert any("'mm' equals a reference on 120 of 192 items (62.5%)" in note for note in main.notes)


def test_the_second_rater_can_be_the_primary_one() -> None:
    assert GecSv(rater="robert").info.primary_rater == "robert"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"rounds": "3"}, "rounds is one of main, 1, 2, all"), ({"rater": "katrina"}, "Did you mean 'katarina'")],
)
def test_a_wrong_parameter_is_answered_with_what_is_right(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GecSv(**parameters)


def test_absent_data_is_answered_with_the_command_that_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="harness data get gec-sv"):
        read_judgments(GecSv())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda items: items.pop(), "hold 63 and 64 items"),
        (lambda items: items[4].update(original="Annat ."), r"data\[4\] differs between the raters' files"),
        (lambda items: items[0]["systems"]["mm"].pop("output"), r"missing required field `output` - at `\$.data\[0\]"),
    ],
)
def test_spoilt_files_are_named(
    spoil: object, message: str, data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(data_home / DATA.folder, tmp_path / DATA.folder, copy_function=shutil.copyfile)
    path = tmp_path / DATA.folder / "annotations/balanced_A/katarina.json"
    content = json.loads(path.read_bytes())
    spoil(content["data"])  # type: ignore[operator]  # a function of the list of items
    path.chmod(0o644)
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=message):
        read_judgments(GecSv())
