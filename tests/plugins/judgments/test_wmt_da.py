"""WMT23 English-German ratings, held against the files themselves and counts that were made without the harness."""

import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import mean

import pytest
from harness_plugins.judgments.wmt_da import DATA, ROOT, SYSTEMS, WmtDa

from harness import metaevaluate, score
from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments


@pytest.fixture(autouse=True)
def data_home(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    return shared_data


@pytest.fixture(scope="module")
def machine(shared_data: Path) -> JudgmentSet:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_DATA", str(shared_data))
        return read_judgments(WmtDa())


def test_there_are_557_paragraphs_and_twelve_systems_and_549_of_the_paragraphs_are_rated(machine: JudgmentSet) -> None:
    assert (len(machine.examples), len(machine.outputs), len(machine.systems)) == (557, 557 * 12, 12)
    rated = {judgment.output_id.split("/")[1] for judgment in machine.judgments if judgment.value is not None}
    assert len(rated) == 549
    assert sum(judgment.value is None for judgment in machine.judgments) == 8 * 12  # a paragraph is rated for all or for none
    assert {(e.language, e.task, len(e.references)) for e in machine.examples} == {("de", "translation", 1)}


def test_a_paragraph_that_occurs_twice_is_one_cluster(machine: JudgmentSet) -> None:
    assert len({example.cluster for example in machine.examples}) == 556
    assert len({example.source for example in machine.examples}) == 556


def test_rated_outputs_of_one_paragraph_make_36234_pairs(machine: JudgmentSet) -> None:
    rated: dict[str, int] = {}
    for judgment in machine.judgments:
        if judgment.value is not None:
            item = judgment.output_id.rsplit("/", 1)[0]
            rated[item] = rated.get(item, 0) + 1
    assert sum(n * (n - 1) // 2 for n in rated.values()) == 36_234


def test_texts_and_scores_are_those_of_their_line(machine: JudgmentSet, data_home: Path) -> None:
    folder = data_home / DATA.folder / ROOT
    lines = (folder / "en-de/GPT4-5shot.txt").read_text(encoding="utf-8").split("\n")
    scores = [line.split("\t")[1] for line in (folder / "en-de_score.txt").read_text().splitlines() if line.startswith("GPT4")]
    texts = {output.id: output.text for output in machine.outputs}
    values = {judgment.output_id: judgment.value for judgment in machine.judgments}
    for number in (1, 2, 300, 557):
        id = f"wmt-da/{number:03d}/GPT4-5shot"
        assert texts[id] == lines[number - 1]
        assert values[id] == (None if scores[number - 1] == "None" else float(scores[number - 1]))
    assert (machine.examples[0].source or "").startswith("Police arrest 15 after violent protest")
    assert machine.examples[0].references[0].startswith("Polizei verhaftet 15 Menschen")


def test_the_human_translation_is_a_system_only_when_asked_and_then_declared_to_be_the_reference(machine: JudgmentSet) -> None:
    assert "refA" not in machine.systems
    source = WmtDa(humans=True)
    data = read_judgments(source)
    assert data.systems == tuple(sorted([*SYSTEMS, "refA"]))
    assert source.info.reference_systems == ("refA",)
    assert read_judgments(source, systems="machine").systems == machine.systems
    assert not any("equals a reference" in note for note in data.notes)  # it is left out, so nothing is flattered


@pytest.fixture(scope="module")
def chrf(machine: JudgmentSet) -> dict[str, float]:
    return {row.targets[0]: row.value for row in score(machine, "chrf") if row.component is None and row.value is not None}


@pytest.mark.slow
def test_chrf_orders_563_thousandths_of_the_pairs_that_people_do_not_tie(machine: JudgmentSet, chrf: dict[str, float]) -> None:
    people = {judgment.output_id: judgment.value for judgment in machine.judgments if judgment.value is not None}
    right = untied = 0
    for example in machine.examples:
        own = [f"{example.id}/{system}" for system in SYSTEMS if f"{example.id}/{system}" in people]
        for one, other in combinations(own, 2):
            gap = people[one] - people[other]
            untied += gap != 0
            right += gap * (chrf[one] - chrf[other]) > 0
    assert (untied, round(right / untied, 3)) == (35_469, 0.563)


@pytest.mark.slow
def test_52_of_66_pairs_of_systems_by_chrf_on_all_paragraphs_and_55_on_the_rated_ones(
    machine: JudgmentSet, chrf: dict[str, float]
) -> None:
    """.788 and .833: the harness compares the means of the same outputs; three systems lie within .01 of each other on them."""
    quick = {"groupings": ("item",), "slices": (), "resamples": 20, "draws": 20, "random_draws": 2}
    found = metaevaluate(machine, "chrf", **quick)
    rows = {row.statistic: row for row in found if row.metric and row.metric.startswith("chrf|") and row.support == "own"}
    assert rows["accuracy_raw"].n_pairs == 36_234
    assert (rows["system_pairwise_accuracy"].value or 0) * 66 == pytest.approx(55)
    people = {judgment.output_id: judgment.value for judgment in machine.judgments if judgment.value is not None}
    for rated_only, expected in ((True, 55), (False, 52)):
        means = {
            system: (
                mean([people[o.id] for o in machine.outputs if o.system == system and o.id in people]),
                mean([chrf[o.id] for o in machine.outputs if o.system == system and (o.id in people or not rated_only)]),
            )
            for system in SYSTEMS
        }
        pairs = combinations(means.values(), 2)
        assert sum((one[0] - other[0]) * (one[1] - other[1]) > 0 for one, other in pairs) == expected


def test_absent_data_is_answered_with_the_command_that_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="harness data get wmt-da"):
        read_judgments(WmtDa())


@pytest.mark.parametrize(
    ("file", "spoil", "message"),
    [
        ("en-de/AIRC.txt", lambda text: text + b"noch eine\n", r"AIRC\.txt: 558 segments, the source has 557"),
        ("en-de/AIRC.txt", lambda text: text.replace(b"\n", b"\n\xff", 1), r"AIRC\.txt, line 2: not UTF-8"),
        ("en-de_ref.txt", lambda text: text.split(b"\n", 1)[1], r"en-de_ref\.txt: 556 segments, the source has 557"),
        ("en-de_score.txt", lambda text: text.split(b"\n", 1)[1], r"556 scores of AIRC, the source has 557 segments"),
        (
            "en-de_score.txt",
            lambda text: text.replace(b"67.5", b"bra", 1),
            r"en-de_score\.txt, line 1: .* number or None, got 'bra'",
        ),
        ("en-de_score.txt", lambda text: text.replace(b"67.5", b"nan", 1), r"en-de_score\.txt, line 1: .* got 'nan'"),
        ("en-de_score.txt", lambda text: text.replace(b"67.5", b"675", 1), "is 675, off its scale 0 to 100"),
        ("en-de_score.txt", lambda text: text.replace(b"AIRC", b"AIRK"), "no scores of AIRC; run `harness data check wmt-da`"),
        ("en-de_score.txt", lambda text: b"AIRC\n" + text, r"line 1: expected `system score`, got 'AIRC'"),
    ],
)
def test_spoilt_files_are_named(
    file: str,
    spoil: Callable[[bytes], bytes],
    message: str,
    data_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(data_home / DATA.folder, tmp_path / DATA.folder, copy_function=shutil.copyfile)
    path = tmp_path / DATA.folder / ROOT / file
    path.write_bytes(spoil(path.read_bytes()))
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=message):
        read_judgments(WmtDa())
