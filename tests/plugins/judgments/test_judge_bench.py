"""Files of JUDGE-BENCH's schema: scales and direction, labels, preferences, grouping, and mistakes told with their place."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.judgments.bounded_match import match_all
from harness_plugins.judgments.judge_bench import JudgeBench
from harness_plugins.judgments.judge_bench_file import deviating_means, read_judge_file
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.records import Judgment, Scale

GRADED = {"metric": "fluency", "category": "graded", "worst": 1, "best": 5}
LABELLED = {"metric": "safe", "category": "categorical", "labels_list": ["yes", "no"]}


def instance(id: Any, body: Any, **annotations: Any) -> dict[str, Any]:
    return {"id": id, "instance": body, "annotations": annotations}


def scored(*scores: Any, **aggregates: Any) -> dict[str, Any]:
    return {"individual_human_scores": list(scores), **aggregates}


def write(folder: Path, *instances: Any, annotations: Any = (GRADED, LABELLED), name: str = "set.json") -> Path:
    path = folder / name
    path.write_text(
        json.dumps({"dataset": "Set (Somebody 2020)", "annotations": annotations, "instances": instances}), encoding="utf-8"
    )
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(JudgeBench(path, **parameters))


def values(data: JudgmentSet) -> list[tuple[str, str, str, Any]]:
    return [(j.output_id, j.rater, j.criterion, j.value) for j in data.judgments]


def test_every_score_is_a_rating_by_the_rater_of_its_column(tmp_path: Path) -> None:
    path = write(tmp_path, instance(7, "a text", fluency=scored(4, None, 2.5), safe=scored("no")))
    data = read(path, language="en", system="gpt")
    assert values(data) == [
        ("set/7/gpt", "rater-1", "fluency", 4.0),
        ("set/7/gpt", "rater-2", "fluency", None),
        ("set/7/gpt", "rater-3", "fluency", 2.5),
        ("set/7/gpt", "rater-1", "safe", "no"),
    ]
    assert data.outputs[0].text == "a text"
    assert (data.examples[0].language, data.info.citation, data.info.criteria) == (
        "en",
        "Set (Somebody 2020)",
        ("fluency", "safe"),
    )
    assert any("need not be the same person" in note for note in data.notes)
    assert any("labels stay labels" in note and "safe" in note for note in data.notes)


def test_worst_above_best_turns_the_scale(tmp_path: Path) -> None:
    path = write(tmp_path, instance(1, "x", errors=scored(2)), annotations=[{"metric": "errors", "worst": 9, "best": 0}])
    (rating,) = read(path).judgments
    assert (rating.value, rating.scale) == (2.0, Scale(low=0, high=9, direction="down"))


def test_labels_become_numbers_from_worst_to_best_when_told(tmp_path: Path) -> None:
    path = write(tmp_path, instance(1, "x", safe=scored("no", "yes", "no")))
    data = read(path, labels=["no", "yes"])
    assert [(j.value, j.scale) for j in data.judgments] == [(value, Scale(low=0, high=1)) for value in (0.0, 1.0, 0.0)]
    assert not any("labels stay labels" in note for note in data.notes)
    turned = read(path, labels={"safe": ["yes", "no"]})
    assert [j.value for j in turned.judgments] == [1.0, 0.0, 1.0]
    with pytest.raises(InputError, match=r"labels of 'safe' must name its labels \(yes, no\)"):
        read(path, labels={"safe": ["yes", "maybe"]})
    with pytest.raises(InputError, match=r"no criterion 'safety' \(labels\)"):
        read(path, labels={"safety": ["no", "yes"]})


def test_aggregates_stand_in_only_where_there_are_no_scores(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        instance(1, "x", fluency={"mean_human": 3.25}, safe={"majority_human": "no"}),
        instance(2, "y", fluency=scored(5, mean_human=5)),
    )
    assert [(rater, value) for _, rater, _, value in values(read(path))] == [("mean", 3.25), ("majority", "no"), ("rater-1", 5.0)]


def test_two_outputs_are_a_preference(tmp_path: Path) -> None:
    both = {"input": "Say hi.", "output_a": "hi", "output_b": "ho"}
    verdicts = {"metric": "better", "category": "categorical", "labels_list": ["model_a", "model_b", "tie"]}
    path = write(tmp_path, instance(1, both, better=scored("model_b", "tie", None)), annotations=[verdicts])
    data = read(path)
    assert [(p.rater, p.winner) for p in data.preferences] == [("rater-1", "b"), ("rater-2", "tie"), ("rater-3", None)]
    assert [(o.system, o.text) for o in data.outputs] == [("output-a", "hi"), ("output-b", "ho")]
    assert data.examples[0].instruction == "Say hi."
    assert not any("labels stay labels" in note for note in data.notes)


def test_a_label_that_names_no_winner_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, instance(1, {"output_a": "hi", "output_b": "ho"}, safe=scored("yes")), annotations=[LABELLED])
    with pytest.raises(InputError, match=r"set.json: instances\[0\] \(id 1\): 'yes' on 'safe' names no winner"):
        read(path)


def test_instances_of_one_source_are_one_item_and_its_systems_are_numbered(tmp_path: Path) -> None:
    bodies = [f"### Generated Summary\n\n{s}\n\n### Source Article\n\n{a}" for a, s in (("A", "s1"), ("B", "t1"), ("A", "s2"))]
    path = write(tmp_path, *(instance(n, body, fluency=scored(n + 1)) for n, body in enumerate(bodies)))
    data = read(path, layout="newsroom", group="source", language="en")
    assert [(e.id, e.source) for e in data.examples] == [("set/0", "A"), ("set/1", "B")]
    assert [(o.example_id, o.system, o.text) for o in data.outputs] == [
        ("set/0", "system-1", "s1"),
        ("set/0", "system-2", "s2"),
        ("set/1", "system-1", "t1"),
    ]


def test_texts_beside_the_instance_are_found_by_their_usual_names(tmp_path: Path) -> None:
    """SummEval's file has the parts beside the whole."""
    whole = {**instance(1, "Source: S Summary: T", fluency=scored(3)), "source": "S", "reference": "R", "summary": "T"}
    data = read(write(tmp_path, whole))
    assert (data.outputs[0].text, data.examples[0].source, data.examples[0].references) == ("T", "S", ("R",))


def test_texts_of_other_names_and_ids_are_named_by_parameters(tmp_path: Path) -> None:
    bodies = [{"fact": "F", "talk": "Hi", "said": said} for said in ("one", "two")]
    path = write(tmp_path, *(instance(f"7_{system}", body, fluency=scored(3)) for system, body in zip("ab", bodies, strict=True)))
    data = read(path, output="said", instruction="talk", ids=r"(?P<item>\d+)_(?P<system>\w+)")
    assert [(o.id, o.text) for o in data.outputs] == [("set/7/a", "one"), ("set/7/b", "two")]
    assert data.examples[0].instruction == "Hi"
    with pytest.raises(InputError, match=r"instances\[0\] \(id 7_a\) has no text 'sad' \(output=sad\). Did you mean 'said'"):
        read(path, output="sad")
    with pytest.raises(
        InputError, match=r"which of its texts was judged\? Name it with output=NAME. There are: fact, talk, said"
    ):
        read(path)


def test_two_outputs_of_one_system_on_one_item_are_samples(tmp_path: Path) -> None:
    path = write(tmp_path, *(instance(n, {"query": "Q", "response": f"R{n}"}, fluency=scored(3)) for n in range(2)))
    data = read(path, group="instruction", system="gpt")
    assert [(o.id, o.sample) for o in data.outputs] == [("set/0/gpt", 0), ("set/0/gpt#1", 1)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layout": "newsrom"}, "it has none. Known: output, source"),
        ({"layout": "(?P<summary>.*)"}, "'summary' is unknown"),
        ({"layout": "(?P<output>.*"}, "layout is newsroom or roscoe or a regular expression"),
        ({"group": "article"}, "group is source or instruction"),
        ({"layout": "roscoe"}, r"set.json: instances\[0\] \(id 1\): its instance does not match the pattern"),
        ({"ids": r"(?P<item>\d+)-x"}, r"\(id 1\): its id does not match the pattern"),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    path = write(tmp_path, instance(1, "x", fluency=scored(3)))
    with pytest.raises((ValueError, HarnessError), match=message):
        read(path, **parameters)


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ([instance(1, "x", fluency=scored(3, 6))], r"\['fluency'\].individual_human_scores\[1\]: 6 is off the scale 1 to 5"),
        ([instance(1, "x", fluency=scored("good"))], r"individual_human_scores\[0\]: expected a number, got 'good'"),
        ([instance(1, "x", fluency=scored(True))], "expected a number, got True"),
        ([instance(1, "x", safe=scored("perhaps"))], r"the label 'perhaps' is not among the criterion's \(yes, no\)"),
        ([instance(1, "x", flency=scored(3))], "'flency' is not among the file's annotations. Did you mean 'fluency'"),
        ([instance(1, "x"), instance(1, "y")], r"instances\[1\]: the id '1' is already that of instances\[0\]"),
        ([instance(1, ["x"])], r"instances\[0\].instance: expected a text, or texts by name, got list"),
        ([{"id": 1, "instance": "x"}], "an instance has the keys"),
        ([instance(1, "x", fluency=[3])], "expected individual_human_scores"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, instances: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write(tmp_path, *instances))
    assert "set.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "set.json, line 1: not JSON"),
        ('{"annotations": []\n, "instances": [}', "set.json, line 2: not JSON"),
        ("[]", "not a file of JUDGE-BENCH's schema: the key 'annotations'"),
        ('{"annotations": [{}], "instances": []}', r"annotations\[0\]: the key 'metric'"),
        ('{"annotations": [{"metric": "m", "category": "graded"}], "instances": []}', "needs 'worst' and 'best'"),
        ('{"annotations": [{"metric": "m", "worst": 1, "best": 1}], "instances": []}', "two different numbers"),
        ('{"annotations": [{"metric": "m"}, {"metric": "m"}], "instances": []}', "declared twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "set.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        JudgeBench(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json: cannot be read"):
        JudgeBench(tmp_path / "absent.json")


def test_means_that_are_not_those_of_the_scores_are_listed_and_noted(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        instance(1, "x", fluency=scored(1, 2, 2, mean_human=1.667)),
        instance(2, "y", fluency=scored(1, 2, mean_human=1.5)),
        instance(3, "z", fluency=scored(1, 5, mean_human=2)),
    )
    found = deviating_means(read_judge_file(path))
    assert [(d.instance, d.criterion, d.scores, d.in_file) for d in found] == [
        ("1", "fluency", 3, 1.667),
        ("3", "fluency", 2, 2.0),
    ]
    assert [d.mean for d in found] == [pytest.approx(5 / 3), 3.0]
    assert "2 of 3 means in the file differ" in " ".join(read(path).notes)


@given(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=5))
def test_exact_means_never_deviate_and_every_score_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, scores: list[list[int]]
) -> None:
    path = write(
        tmp_path_factory.mktemp("judged"),
        *(instance(n, "x", fluency=scored(*own, mean_human=sum(own) / len(own))) for n, own in enumerate(scores)),
    )
    data = read(path)
    assert not deviating_means(read_judge_file(path))
    by_output: dict[str, list[Judgment]] = {}
    for judgment in data.judgments:
        by_output.setdefault(judgment.output_id, []).append(judgment)
    assert [[j.value for j in own] for own in by_output.values()] == scores


def test_the_files_own_mean_in_place_of_scores_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, instance(1, "one", fluency=scored(4, 3)), instance(2, "two", fluency={"mean_human": 2.5}))
    data = read(path, language="en")
    assert [(rater, value) for _, rater, _, value in values(data)] == [("rater-1", 4.0), ("rater-2", 3.0), ("mean", 2.5)]
    told = "1 of 2 answers have no individual scores; the file's mean stands in for them as a rater called 'mean', who is nobody"
    assert told in data.notes
    one = write(tmp_path, instance(1, "one", fluency=scored(4, 3)), name="one.json")
    assert not any("individual" in note for note in read(one, language="en").notes)


def test_an_expression_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, instance(1, "a" * 60 + "!", fluency=scored(4)))
    soon = functools.partial(match_all, seconds=2)
    monkeypatch.setattr("harness_plugins.judgments.judge_bench.match_all", soon)
    with pytest.raises(InputError, match=r"takes more than 2 seconds \(layout\); write it without a repetition inside"):
        read(path, layout="(?P<output>(a+)+)")


def test_a_match_in_another_process_is_that_of_this_one() -> None:
    pattern = re.compile("(?P<item>[^:]*):(?P<output>.*)?(?P<system>x)?", re.DOTALL)
    texts = ["q1:hej\nhå", "ingen", "å\ud800:é", ""]
    expected = [match and match.groupdict() for match in map(pattern.fullmatch, texts)]
    assert match_all(pattern, texts) == expected
