"""PandaLM's preferences against its README's table, the files themselves, and figures counted by hand."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_plugins.judgments.pandalm import DATA, JUDGES, PAIRS, PandaLM

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.meta.agreement import cohen_kappa
from harness.meta.options import MetaOptions
from harness.meta.preferences import ballots, majority
from harness.plugins import load_plugins
from harness.records import MetaRow
from harness.stages.metaevaluate import metaevaluate, summarise
from harness.stages.score import build_metrics, score


@pytest.fixture(autouse=True)
def data_home(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    return shared_data


@pytest.fixture
def data() -> JudgmentSet:
    return read_judgments(PandaLM())


def rows_of(data: JudgmentSet, *references: str) -> list[MetaRow]:
    registry = load_plugins()
    metrics = build_metrics(registry, [registry.parse("metric", reference) for reference in references])
    options = MetaOptions(resamples=200, random_draws=2, draws=20, slices=())
    return metaevaluate(data, score(data, metrics), list(map(summarise, metrics)), options)


def copied(data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / DATA.folder
    shutil.copytree(data_home / DATA.folder, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    return folder


def test_there_are_999_pairs_on_170_instructions_by_three_raters(data: JudgmentSet) -> None:
    assert (len(data.examples), len(data.preferences)) == (170, 3 * 999)
    assert data.systems == ("bloom-7b", "cerebras-gpt-6.7B", "llama-7b", "opt-7b", "pythia-6.9b")
    assert {p.rater for p in data.preferences} == {"annotator1", "annotator2", "annotator3"}
    assert len({example.cluster for example in data.examples}) == 170
    assert not any(example.references for example in data.examples)


def test_equal_texts_of_one_model_are_one_output_and_others_are_samples(data: JudgmentSet, data_home: Path) -> None:
    pairs = json.loads((data_home / DATA.folder / PAIRS).read_bytes())
    distinct: dict[tuple[str, str, str], list[str]] = {}
    for pair in pairs:
        for system, text in zip(pair["cmp_key"].split("_"), (pair["response1"], pair["response2"]), strict=True):
            texts = distinct.setdefault((pair["instruction"], pair["input"], system), [])
            if str(text) not in texts:
                texts.append(str(text))
    assert len(data.outputs) == sum(map(len, distinct.values())) == 762 + 15 * 2 + 2 * 4
    instructions = {example.id: example.instruction for example in data.examples}
    for (instruction, given, system), texts in distinct.items():
        prompt = f"{instruction}\n\n{given}" if given else instruction
        found = [o for o in data.outputs if instructions[o.example_id] == prompt and o.system == system]
        assert [o.text for o in sorted(found, key=lambda o: o.sample)] == texts


def test_raters_agree_as_the_readme_says(data: JudgmentSet) -> None:
    found = ballots(data.preferences, "preference", {output.id: place for place, output in enumerate(data.outputs)})
    kappas = [cohen_kappa(found.values[a], found.values[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert [round(kappa or 0, 2) for kappa in kappas] == [0.85, 0.88, 0.86]


def test_majorities_are_those_of_the_readme(data: JudgmentSet) -> None:
    position = {output.id: place for place, output in enumerate(data.outputs)}
    judged = majority(data.preferences, "preference", position)
    first = {(p.output_a, p.output_b) for p in data.preferences}
    ids = [output.id for output in data.outputs]
    words = Counter(
        "tie" if sign == 0 else 1 if ((ids[left], ids[right]) in first) == (sign > 0) else 2
        for left, right, sign in zip(judged.left, judged.right, judged.signs, strict=True)
    )
    assert words == {"tie": 105, 1: 422, 2: 472}
    assert judged.unresolved == 0


def test_the_recorded_judges_agree_with_people_as_counted_in_the_files(data: JudgmentSet) -> None:
    rows = rows_of(data, "recorded-verdict:gpt-3.5-turbo", "recorded-verdict:pandalm-7b")
    found: dict[Any, MetaRow] = {}
    for row in rows:
        if row.metric and row.metric.startswith("recorded") and row.statistic == "accuracy_raw":
            found[row.metric.split("|")[1].removeprefix("name:"), row.support] = row
    assert (found["gpt-3.5-turbo", "own"].value, found["gpt-3.5-turbo", "own"].n_pairs) == (pytest.approx(697 / 974), 974)
    bound = found["gpt-3.5-turbo", "missing-wrong"]
    assert (bound.value, bound.n_pairs) == (pytest.approx(697 / 999), 999)
    assert (found["pandalm-7b", "own"].value, found["pandalm-7b", "own"].n_pairs) == (pytest.approx(667 / 999), 999)
    assert ("pandalm-7b", "missing-wrong") not in found
    assert bound.low is not None
    assert bound.low < 0.698 < (bound.high or 0)
    kappas = [row.value for row in rows if row.statistic == "cohen_kappa"]
    assert [round(kappa or 0, 2) for kappa in kappas] == [0.85, 0.88, 0.86]


def test_unreadable_replies_are_unparsed_and_what_the_judge_said_is_kept(data: JudgmentSet) -> None:
    registry = load_plugins()
    (metric,) = build_metrics(registry, [registry.parse("metric", "recorded-verdict:gpt-3.5-turbo")])
    scores = score(data, [metric])
    unparsed = [s for s in scores if s.status == "unparsed"]
    assert len(unparsed) == 2 * 25  # in both orders
    assert {s.detail for s in unparsed} == {'recorded as "garbage"; the reply itself was not published'}
    assert any("Response 1 is better because it addresses both questions" in (s.detail or "") for s in scores)


def test_a_judges_answers_stand_in_for_references_only_when_asked(data: JudgmentSet, data_home: Path) -> None:
    asked = read_judgments(PandaLM(references="gpt-3.5-turbo"))
    judge = json.loads((data_home / DATA.folder / JUDGES["gpt-3.5-turbo"]).read_bytes())
    assert {text for example in asked.examples for text in example.references} == {
        verdict["gpt_reference"] for verdict in judge if verdict["gpt_reference"].strip()
    }
    assert any("not human" in note for note in asked.notes)
    assert not any("not human" in note for note in data.notes)
    with pytest.raises(ValueError, match=r"Did you mean 'gpt-3\.5-turbo'"):
        PandaLM(references="gpt-3.5")


def test_a_metric_that_needs_references_has_a_number_on_every_pair_with_those_of_a_judge() -> None:
    rows = rows_of(read_judgments(PandaLM(references="pandalm-7b")), "chrf")
    (found,) = [
        r for r in rows if r.metric and r.metric.startswith("chrf") and r.statistic == "accuracy_raw" and r.support == "own"
    ]
    assert found.n_pairs == 999
    assert found.value is not None
    assert np.isfinite(found.value)


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        (PAIRS, {"annotator2": 3}, r"testset-v1.json: Invalid enum value 3 - at `\$\[7\].annotator2`"),
        (PAIRS, {"cmp_key": "llama-7b"}, r"testset-v1.json: \[7\].cmp_key must name two models"),
        (JUDGES["pandalm-7b"], {"idx": 8000}, "its idx are not those of testset-v1.json"),
        (JUDGES["gpt-3.5-turbo"], {"gpt_result": "both"}, r"Invalid enum value 'both' - at `\$\[7\].gpt_result`"),
    ],
)
def test_a_damaged_file_is_named_with_its_place(
    data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, change: dict[str, Any], message: str
) -> None:
    file = copied(data_home, tmp_path, monkeypatch) / path
    rows = json.loads(file.read_bytes())
    rows[7].update(change)
    file.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_judgments(PandaLM())


def test_an_absent_file_is_answered_with_the_command_that_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="harness data get pandalm"):
        read_judgments(PandaLM())
