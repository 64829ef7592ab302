"""Answers on their way out: records that meta-evaluate, and a table."""

import json
from pathlib import Path

import msgspec
import pytest
from judgment_sets import QUICK, MetricSummary, only
from rated import rated

from harness.annotate.contents import Step
from harness.annotate.exchange import export_store
from harness.annotate.store import open_store
from harness.annotate.study import ItemsFrom
from harness.annotate.study_file import load_study
from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.records import Preference, Scale, Score
from harness.stages.metaevaluate import metaevaluate

KNOWN = {"text": "provfråga", "expected": {"correctness": 1}}


def read(reference: str) -> JudgmentSet:
    registry = load_plugins()
    kind = "judgment source"
    return read_judgments(registry.build(kind, registry.parse(kind, reference)))


def by_length(step: Step) -> int:
    """alfa-7b is the better one on even items."""
    if not step.outputs:
        return 1
    _, item, system = step.outputs[0].split("/")
    return 3 if (system == "alfa-7b") == (int(item) % 2 == 0) else 1


def test_every_rating_is_exported_once_with_its_scale_and_nothing_else(tmp_path: Path) -> None:
    store = rated(tmp_path, dict.fromkeys(("anna", "bo"), by_length), checks={"items": [KNOWN]})
    counts = export_store(store, tmp_path / "records")
    assert counts == {"examples": 4, "outputs": 8, "judgments": 2 * 8 * 3, "preferences": 0, "raters": 2}
    data = read(f"records:{tmp_path / 'records'}")
    assert len(data.judgments) == 48
    assert len({(j.output_id, j.rater, j.criterion) for j in data.judgments}) == 48
    assert {j.scale for j in data.judgments} == {Scale(low=1, high=3)}
    assert {j.rater for j in data.judgments} == {"anna", "bo"}
    assert data.info.name == "mini"
    assert data.criteria == ("naturalness", "relatedness", "correctness")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "records").iterdir()).decode()
    assert "provfråga" not in everything
    assert "Göteborg" not in everything  # a training item
    for judgment in data.judgments:
        _, item, system = judgment.output_id.split("/")
        assert judgment.value == (3 if (system == "alfa-7b") == (int(item) % 2 == 0) else 1)


def test_an_earlier_export_is_replaced_and_files_from_elsewhere_are_not(tmp_path: Path) -> None:
    store = rated(tmp_path, dict.fromkeys(("anna", "bo"), by_length))
    folder = tmp_path / "records"
    first = export_store(store, folder)
    assert export_store(store, folder) == first
    info = json.loads((folder / "info.json").read_bytes())
    (folder / "info.json").write_text(json.dumps({**info, "name": "another-study"}))
    with pytest.raises(InputError, match="no export of the study 'mini'; name another folder"):
        export_store(store, folder)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ratings.csv").write_text("precious")
    with pytest.raises(InputError, match=r"already holds ratings\.csv"):
        export_store(store, mine)
    assert (mine / "ratings.csv").read_text() == "precious"


def test_the_exported_set_meta_evaluates(tmp_path: Path) -> None:
    store = rated(tmp_path, dict.fromkeys(("anna", "bo"), by_length), items=6)
    export_store(store, tmp_path / "records")
    data = read(f"records:{tmp_path / 'records'}")
    ratings = {j.output_id: j.value for j in data.judgments if j.criterion == "correctness"}
    right = [Score(targets=(output.id,), metric="right", value=ratings[output.id]) for output in data.outputs]
    wrong = [Score(targets=(output.id,), metric="wrong", value=-ratings[output.id]) for output in data.outputs]
    metrics = [MetricSummary(signature=name, name=name) for name in ("right", "wrong")]
    rows = metaevaluate(data, [*right, *wrong], metrics, MetaOptions(**QUICK))
    for name, accuracy in (("right", 1.0), ("wrong", 0.0)):
        row = only(rows, metric=name, criterion="correctness", statistic="accuracy_raw", grouping="item")
        assert (row.value, row.n_items) == (accuracy, 6)
    alpha = only(rows, criterion="correctness", statistic="krippendorff_alpha_ordinal")
    assert alpha.value == 1.0


def test_the_table_reads_as_the_same_ratings(tmp_path: Path) -> None:
    texts = {"guidelines": {"sv": "x", "en": "x"}}
    store = rated(tmp_path, dict.fromkeys(("anna", "bo"), by_length), **texts)
    export_store(store, tmp_path / "records")
    records = read(f"records:{tmp_path / 'records'}")
    table = read(f"table:{tmp_path / 'records' / 'ratings.csv'},scale=[1, 3]")
    assert len(table.judgments) == len(records.judgments)
    in_table = {(out(table, j.output_id), j.rater, j.criterion): (j.value, j.scale) for j in table.judgments}
    in_records = {(out(records, j.output_id), j.rater, j.criterion): (j.value, j.scale) for j in records.judgments}
    assert in_table == in_records
    assert {e.instruction for e in table.examples} == {e.instruction for e in records.examples}
    assert {e.references for e in table.examples} == {e.references for e in records.examples}


def out(data: JudgmentSet, output_id: str) -> tuple[str, str, str | None]:
    output = next(output for output in data.outputs if output.id == output_id)
    return output.example_id.removeprefix("ratings/"), output.system, output.text


def test_a_preference_is_for_the_output_that_won_whichever_side_it_stood_on(tmp_path: Path) -> None:
    store = rated(
        tmp_path,
        dict.fromkeys(("anna", "bo"), lambda step: next(o for o in step.outputs if o.endswith("beta-2b"))),
        criteria=[],
        compare={"criteria": ["overall"]},
        training=[],
    )
    export_store(store, tmp_path / "records")
    data = read(f"records:{tmp_path / 'records'}")
    assert len(data.preferences) == 8
    assert all(winner(p).endswith("beta-2b") for p in data.preferences)
    first = [p.output_a if p.shown_first == "a" else p.output_b for p in data.preferences]
    assert sum(output.endswith("beta-2b") for output in first) == 4  # each system was first as often as second


def winner(preference: Preference) -> str:
    return preference.output_a if preference.winner == "a" else preference.output_b


def test_ties_and_what_could_not_be_judged_stay_what_they_are(tmp_path: Path) -> None:
    says = {"anna": lambda step: "tie" if step.form == "compare" else {"naturalness": 2, "relatedness": None, "correctness": 1}}
    store = rated(tmp_path, says, cannot_judge=True, compare={"criteria": ["overall"]}, training=[])
    export_store(store, tmp_path / "records")
    data = read(f"records:{tmp_path / 'records'}")
    assert {(j.criterion, j.value) for j in data.judgments} == {("naturalness", 2), ("relatedness", None), ("correctness", 1)}
    assert {p.winner for p in data.preferences} == {"tie"}


def test_a_criterion_on_which_less_is_better_keeps_its_direction(tmp_path: Path) -> None:
    errors = {"name": "errors", "label": {"sv": "Fel", "en": "Errors"}, "low": 0, "high": 4, "direction": "down"}
    store = rated(tmp_path, {"anna": lambda step: 4}, criteria=[errors], training=[])
    export_store(store, tmp_path / "records")
    assert {j.scale for j in read(f"records:{tmp_path / 'records'}").judgments} == {Scale(low=0, high=4, direction="down")}


def test_a_rater_can_be_left_out_and_it_is_said(tmp_path: Path) -> None:
    store = rated(tmp_path, dict.fromkeys(("anna", "bo"), by_length))
    export_store(store, tmp_path / "records", without=["bo"])
    data = read(f"records:{tmp_path / 'records'}")
    assert {j.rater for j in data.judgments} == {"anna"}
    assert "left out by the study's owner: bo" in data.notes
    with pytest.raises(InputError, match=r"there is no rater 'bob'\. Did you mean 'bo'\?"):
        export_store(store, tmp_path / "records", without=["bob"])


def test_exporting_again_gives_the_same_bytes(tmp_path: Path) -> None:
    store = rated(tmp_path, {"anna": by_length})
    for folder in ("one", "two"):
        export_store(store, tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_nothing_rated_is_nothing_to_export(tmp_path: Path) -> None:
    store = rated(tmp_path, {"anna": by_length}, items=1)
    store.delete_rater("anna")
    with pytest.raises(InputError, match="nothing to export"):
        export_store(store, tmp_path / "records")


def test_a_source_that_declares_its_systems_is_still_heard(tmp_path: Path) -> None:
    store = rated(tmp_path, {"anna": by_length})
    export_store(store, tmp_path / "first")
    info = json.loads((tmp_path / "first" / "info.json").read_text())
    info |= {"reference_systems": ["alfa-7b"], "licence": "CC-BY-4.0", "system_sets": {"big": ["alfa-7b"], "gone": ["gamma"]}}
    (tmp_path / "first" / "info.json").write_text(json.dumps(info))
    study = load_study(tmp_path / "mini.yaml")
    study = msgspec.structs.replace(study, name="again", items=ItemsFrom(source=f"records:{tmp_path / 'first'}"))
    second = open_store(study, str(tmp_path / "again.sqlite"))
    rater = second.record_consent(second.rater("anna"))
    while (task := second.next_task(rater)) is not None:
        second.save_answer(rater, task.id, dict.fromkeys(task.criteria, 2), client_id=f"client-{task.id}")
    export_store(second, tmp_path / "records")
    found = read(f"records:{tmp_path / 'records'}").info
    assert (found.reference_systems, found.licence, found.system_sets) == (("alfa-7b",), "CC-BY-4.0", {"big": ("alfa-7b",)})
    assert "the items are those of mini 1" in found.notes
