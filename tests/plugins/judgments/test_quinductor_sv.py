"""Swedish question-answer pairs and their ratings, held against the files and the agreement that was published."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_plugins.judgments.quinductor_sv import DATA, STATEMENTS, QuinductorSv

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.meta.agreement import randolph_kappa
from harness.meta.options import MetaOptions
from harness.meta.targets import ratings_on
from harness.stages.metaevaluate import metaevaluate

# human_eval/data_analysis.ipynb of the authors' repository: Randolph's kappa on the test split, in the order of the statements
PUBLISHED = {
    "gold": [0.833333, 0.888889, 0.833333, 1.0, 0.666667, 0.666667, 0.944444, 0.944444, 1.0],
    "gen": [0.333333, 0.388889, 0.166667, 0.833333, 0.444444, 0.555556, 0.833333, 0.833333, 1.0],
}
# the notebook's pairs whose median rating is at least 3, of 24
AT_LEAST_THREE = {"question-grammatical": {"gold": 23, "gen": 10}, "question-understandable": {"gold": 23, "gen": 8}}
IDEAL = [4, 4, 1, 1, 4, 4, 1, 1, 1]  # the notebook's own best answers


@pytest.fixture(autouse=True)
def data_home(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    return shared_data


@pytest.fixture
def rated() -> JudgmentSet:
    return read_judgments(QuinductorSv(split="test"))


def as_rated(data: JudgmentSet, criterion: str, system: str) -> np.ndarray:
    """Ratings as given, shape (raters, outputs of the system)."""
    outputs = {output.id: index for index, output in enumerate(o for o in data.outputs if o.system == system)}
    return ratings_on(data.judgments, criterion, outputs).values


@pytest.mark.parametrize(("split", "sentences"), [("dev", 29), ("test", 24), ("both", 53)])
def test_every_sentence_has_a_generated_and_a_human_pair_rated_by_both_raters(split: str, sentences: int) -> None:
    data = read_judgments(QuinductorSv(split=split))
    assert (len(data.examples), len(data.outputs), data.systems) == (sentences, 2 * sentences, ("gen", "gold"))
    assert len(data.judgments) == sentences * 2 * 2 * 9
    assert {j.rater for j in data.judgments} == {"Anonymous", "dmytro"}
    assert len({example.source for example in data.examples}) == sentences  # so a sentence is a cluster of its own
    assert data.info.reference_systems == ()
    assert {example.references for example in data.examples} == {()}


def test_both_splits_are_read_by_default() -> None:
    assert {example.split for example in read_judgments(QuinductorSv()).examples} == {"dev", "test"}


def test_randolph_kappa_is_the_published_one(rated: JudgmentSet) -> None:
    for system, published in PUBLISHED.items():
        found = [randolph_kappa(as_rated(rated, criterion, system), 4) for criterion in rated.criteria]
        assert found == pytest.approx(published, abs=1e-6)


def test_the_finished_table_holds_the_published_kappa() -> None:
    options = MetaOptions(resamples=20, draws=20, random_draws=2, slices=())
    for system, published in PUBLISHED.items():
        data = read_judgments(QuinductorSv(split="test"), systems=system)
        rows = {row.criterion: row.value for row in metaevaluate(data, [], [], options) if row.statistic == "randolph_kappa"}
        assert [rows[criterion] for criterion in data.criteria] == pytest.approx(published, abs=1e-6)


def test_as_many_pairs_are_rated_three_or_more_as_the_authors_counted(rated: JudgmentSet) -> None:
    for criterion, counts in AT_LEAST_THREE.items():
        for system, expected in counts.items():
            assert (np.median(as_rated(rated, criterion, system), axis=0) >= 3).sum() == expected


def test_a_statement_counts_up_where_full_agreement_is_the_ideal_answer(rated: JudgmentSet) -> None:
    directions = {judgment.criterion: judgment.scale.direction for judgment in rated.judgments if judgment.scale}
    assert [directions[criterion] for criterion in rated.criteria] == ["up" if ideal == 4 else "down" for ideal in IDEAL]
    assert rated.criteria == tuple(criterion for criterion, _ in STATEMENTS.values())


def test_the_statements_are_the_questionnaires_own_in_its_order(data_home: Path) -> None:
    items = json.loads((data_home / DATA.folder / "eval/sv_items.json").read_text(encoding="utf-8-sig"))
    assert list(STATEMENTS) == items


def test_people_prefer_the_human_pair_on_every_statement(rated: JudgmentSet) -> None:
    """Ratings turned by their direction: had a reversed statement kept its sign, gen would win on it."""
    for criterion in rated.criteria:
        assert as_rated(rated, criterion, "gold").mean() >= as_rated(rated, criterion, "gen").mean()


def test_a_pair_is_read_with_its_sentence_its_ratings_and_nothing_of_the_form_around_it(rated: JudgmentSet) -> None:
    [example] = [example for example in rated.examples if (example.source or "").startswith("renhållningsarbetare")]
    texts = {output.system: output.text for output in rated.outputs if output.example_id == example.id}
    assert example.source == "renhållningsarbetare arbetar med avfallshantering på många olika sätt."
    assert texts == {
        "gen": "vad är renhållningsarbetare på många olika sätt?\navfallshantering",
        "gold": "vad arbetar renhållningsarbetare med?\navfallshantering",
    }
    own = [j.value for j in rated.judgments if j.output_id == f"{example.id}/gen" and j.rater == "Anonymous"]
    assert own == [2, 1, 4, 1, 1, 1, 1, 1, 1]  # the first nine numbers of the file


def test_the_human_pair_is_a_reference_only_when_asked_and_then_never_its_own() -> None:
    source = QuinductorSv(split="test", reference="gold")
    data = read_judgments(source)
    gold = {output.example_id: output.text for output in data.outputs if output.system == "gold"}
    assert {example.id: example.references for example in data.examples} == {id: (text,) for id, text in gold.items()}
    assert source.info.reference_systems == ("gold",)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"split": "train"}, "split is one of both, dev, test"), ({"reference": "gen"}, "reference is gold or left out")],
)
def test_a_wrong_parameter_is_answered_with_what_is_right(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QuinductorSv(**parameters)


def test_absent_data_is_answered_with_the_command_that_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="harness data get quinductor-sv"):
        read_judgments(QuinductorSv())


def first(raters: Any) -> tuple[str, Any]:
    return next(iter(raters[0]["responses"].items()))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raters: raters[1]["responses"].pop(first(raters)[0]), "dmytro and Anonymous rated different pairs"),
        (lambda raters: raters[1].update(user="Anonymous"), "raters must be there and differ, got Anonymous, Anonymous"),
        (lambda raters: first(raters)[1].pop(), "8 ratings that are not the nine statements"),
        (lambda raters: first(raters)[1][3].update(answer_group="Bra."), "not the nine statements"),
        (lambda raters: first(raters)[1][3].update(value="4"), "Expected `int`, got `str`"),
        (lambda raters: first(raters)[1][3].update(value=5), "is 5, off its scale 1 to 4"),
        (lambda raters: first(raters)[1][2]["extra"].update(model="gold"), "name different systems"),
        (lambda raters: [r["responses"].update({"Frågan: vad?": []}) for r in raters], "expected `Meningen: "),
        (lambda raters: [r["responses"].pop(first(raters)[0]) for r in reversed(raters)], r"has pairs of \['gold'\]"),
        (lambda raters: raters.clear(), "got none"),
    ],
)
def test_spoilt_files_are_named(
    spoil: Callable[[Any], object], message: str, data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(data_home / DATA.folder, tmp_path / DATA.folder, copy_function=shutil.copyfile)
    path = tmp_path / DATA.folder / "human_eval/sv_test.json"
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    spoil(content["responses"])
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=message):
        read_judgments(QuinductorSv(split="test"))


def test_a_file_that_is_cut_off_is_named(data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(data_home / DATA.folder, tmp_path / DATA.folder, copy_function=shutil.copyfile)
    path = tmp_path / DATA.folder / "human_eval/sv_dev.json"
    path.write_bytes(path.read_bytes()[:1000])
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"sv_dev\.json: .*truncated.*harness data get quinductor-sv"):
        read_judgments(QuinductorSv())
