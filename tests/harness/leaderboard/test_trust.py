"""Trust: what stands beside a column. The evidence is written by hand; what ships is used where its numbers are the point."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import InputError
from harness.leaderboard.evidence import SHIPPED, Evidence, read_evidence, write_evidence
from harness.leaderboard.records import Column, MetricInfo, Results, TaskInfo, Trust
from harness.leaderboard.trust import find_trust, trust_warnings

CHRF = "chrf|beta:2|case:mixed|eff:yes|nc:6|norm:nfc|nw:0|sacrebleu:2.6.0|space:no|v:1"
GEC = TaskInfo(name="gec", language="sv", form="long", kind="gec", output_type="generate_until")
LONG = TaskInfo(name="long", language="sv", form="long", output_type="generate_until")
GOOD = Evidence(
    judgments="ratings@1", metric=CHRF, criterion="correctness", raters="mean", slice="all", language="sv", task="gec",
    form="long", verdict="use", reason="held-out accuracy .700 is clear of every sentinel", statistic="accuracy_heldout",
    value=0.70, low=0.66, high=0.74, floor=0.55, above=0.3, above_low=0.2, above_high=0.4, sentinel="length",
    sentinel_value=0.56, sentinel_high=0.6, items=200, clusters=200, pairs=2000, coverage=1.0,
)  # fmt: skip
BAD = {"verdict": "ask people", "value": 0.54, "low": 0.5, "high": 0.58, "above": 0.01, "above_low": -0.02}


def told(folder: Path, *evidence: Evidence, task: TaskInfo = GEC, metric: str = "chrf", **results: Any) -> Trust:
    sources = []
    for number, one in enumerate(evidence):
        write_evidence(folder / f"{number}.json", [one], {})
        sources.append(folder / f"{number}.json")
    return find_trust(sources, shipped=False, **results)(Column(key=f"{task.name}/{metric}", task=task.name, metric=metric), task)


def but(**fields: Any) -> Evidence:
    return msgspec.structs.replace(GOOD, **fields)


def test_a_metric_that_is_clear_of_every_sentinel_on_such_answers_agrees(tmp_path: Path) -> None:
    found = told(tmp_path, GOOD)
    assert found.verdict == "agrees"
    assert (found.value, found.low, found.high, found.floor) == (0.70, 0.66, 0.74, 0.55)
    assert (found.above, found.above_low, found.sentinel, found.sentinel_value) == (0.3, 0.2, "length", 0.56)
    assert (found.items, found.pairs, found.judgments, found.language) == (200, 2000, ("ratings@1",), "sv")
    assert found.why is not None
    assert found.why.startswith("ratings, correctness (mean), the same kind of task (gec): held-out accuracy .700")
    assert "the column is chrF of all answers together" in found.why


def test_how_well_people_agree_with_each_other_and_how_systems_are_ordered_is_told(tmp_path: Path) -> None:
    why = told(tmp_path, but(systems=5, order=0.8, order_low=0.5, order_high=1.0, human=0.81, human_low=0.7, human_high=0.9)).why
    assert "it orders .800 [.500 1.000] of the pairs of 5 systems as people do" in (why or "")
    assert "one rater agrees with the others in .810 [.700 .900]" in (why or "")


def test_one_that_is_only_above_them_is_doubtful(tmp_path: Path) -> None:
    assert told(tmp_path, but(verdict="weak")).verdict == "doubtful"


def test_above_the_floor_with_its_interval_is_not_enough(tmp_path: Path) -> None:
    found = told(tmp_path, but(**BAD | {"above": 0.05, "above_low": 0.03}))
    assert found.verdict == "doubtful"


def test_clear_of_the_sentinels_but_not_of_the_floor_is_doubtful(tmp_path: Path) -> None:
    assert told(tmp_path, but(above_low=-0.01)).verdict == "doubtful"


def test_where_nobody_rated_such_answers_it_is_unknown_and_says_what_is_nearest(tmp_path: Path) -> None:
    english = told(tmp_path, but(language="en"))
    assert (english.verdict, english.value, english.judgments) == ("unknown", None, ())
    assert english.why is not None
    assert "nobody has rated answers of the kind gec in sv that this metric scored" in english.why
    assert "nearest: ratings, gec in en, correctness: agrees with people" in english.why
    other = told(tmp_path, but(form=None), task=LONG)
    assert other.verdict == "unknown"
    assert told(tmp_path).why == "nobody has rated answers of the kind gec in sv that this metric scored"


def test_ratings_of_the_same_form_count_where_none_are_of_the_same_kind(tmp_path: Path) -> None:
    found = told(tmp_path, but(task="summary"), task=LONG)
    assert found.verdict == "agrees"
    assert "other tasks of this form (summary)" in (found.why or "")
    both = told(tmp_path, but(task="summary", judgments="other@1"), but(**BAD))
    assert (both.verdict, both.judgments) == ("doubtful", ("ratings@1",))


def test_of_several_criteria_the_weakest_stands_in_the_column(tmp_path: Path) -> None:
    found = told(tmp_path, GOOD, but(criterion="fluency", **BAD))
    assert (found.verdict, found.value) == ("doubtful", 0.54)
    assert found.why is not None
    assert found.why.startswith("ratings, fluency")
    assert "the weakest of 2 criteria and sets (also ratings, correctness)" in found.why


def test_a_task_may_say_which_criteria_it_is_about(tmp_path: Path) -> None:
    about = msgspec.structs.replace(GEC, criteria=("correctness",))
    assert told(tmp_path, GOOD, but(criterion="fluency", **BAD), task=about).verdict == "agrees"
    none = told(tmp_path, but(criterion="fluency"), task=about)
    assert (none.verdict, none.why) == ("unknown", "nobody has rated correctness of such answers (rated were fluency)")


def test_two_sets_have_to_agree(tmp_path: Path) -> None:
    found = told(tmp_path, GOOD, but(judgments="second@1", **BAD))
    assert (found.verdict, found.judgments) == ("doubtful", ("ratings@1", "second@1"))


def test_a_small_study_decides_only_where_there_is_no_larger_one(tmp_path: Path) -> None:
    small = but(judgments="small@1", items=29, clusters=29, **BAD)
    assert told(tmp_path, GOOD, small).verdict == "agrees"
    assert told(tmp_path, small).verdict == "doubtful"
    copies = but(judgments="copies@1", different=10, **BAD)
    assert told(tmp_path, GOOD, copies).verdict == "agrees"


def test_of_one_set_the_reading_with_most_items_counts_and_of_equal_ones_the_first(tmp_path: Path) -> None:
    earlier = but(judgments="ratings@0", items=60, clusters=60, pairs=600, **BAD)
    assert told(tmp_path, earlier, GOOD).judgments == ("ratings@1",)
    assert told(tmp_path, but(raters="primary", **BAD), GOOD).value == 0.54
    assert told(tmp_path, GOOD, but(raters="primary", **BAD)).value == 0.70


def test_narrower_slices_do_not_decide_but_that_without_near_references_does(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD, but(slice="form=long", items=60, clusters=60, **BAD)).verdict == "agrees"
    several = tmp_path / "several.json"
    write_evidence(several, [GOOD, but(slice="systems=without:human", items=198, **BAD)], {})
    found = find_trust([several], shipped=False)(Column(key="gec/chrf", task="gec", metric="chrf"), GEC)
    assert found.verdict == "doubtful"
    assert "systems=without:human" in (found.why or "")


def test_another_version_of_a_library_is_told_and_another_parameter_is_another_metric(tmp_path: Path) -> None:
    own = Results(
        models={}, tasks={}, results=(), read_items=lambda model, task: iter(()),
        metrics={"mine": MetricInfo(name="mine", signature=CHRF.replace("2.6.0", "2.5.1")),
                 "plus": MetricInfo(name="plus", signature=CHRF.replace("nw:0", "nw:2"))},
    )  # fmt: skip
    mine = told(tmp_path, GOOD, metric="mine", results=own)
    assert (mine.verdict, mine.metric) == ("agrees", CHRF)
    assert "rated with sacrebleu 2.6.0" in (mine.why or "")
    assert "all answers together" not in (mine.why or "")
    assert told(tmp_path, GOOD, metric="plus", results=own).verdict == "unknown"


@pytest.mark.parametrize(
    ("metric", "output_type", "verdict", "said"),
    [
        ("acc_norm", "multiple_choice", "by-key", "compared with the key"),
        ("exact_match", "generate_until", "by-key", "a right answer in other words counts as wrong"),
        ("acc", "generate_until", "by-key", "the text has to equal the key"),
        ("acc", None, "by-key", "do not say whether as one of the choices or as a text"),
        ("acc_norm", None, "by-key", "the answer is one of the choices"),
        ("character_perplexity", "loglikelihood_rolling", "unknown", "no score of an answer"),
        ("rougeL_max", "generate_until", "unknown", "by its name alone nobody can say"),
    ],
)
def test_what_is_no_score_of_an_answer_says_so(tmp_path: Path, metric: str, output_type: str, verdict: str, said: str) -> None:
    found = told(tmp_path, GOOD, metric=metric, task=msgspec.structs.replace(GEC, output_type=output_type))
    assert found.verdict == verdict
    assert said in (found.why or "")


def test_a_task_that_does_not_say_what_it_is_of_is_unknown(tmp_path: Path) -> None:
    bare = TaskInfo(name="t", output_type="generate_until")
    assert told(tmp_path, GOOD, task=bare).why == (
        "the task does not say its language nor its form (or kind): write it into the task's metadata"
    )
    assert told(tmp_path, GOOD, task=msgspec.structs.replace(bare, language="sv")).verdict == "unknown"


def test_what_ships_says_that_chrf_is_not_shown_to_agree_on_swedish_corrections_and_nothing_of_translation() -> None:
    trust = find_trust()
    found = trust(Column(key="gec/chrf", task="gec", metric="chrf"), GEC)
    assert (found.verdict, found.statistic) == ("doubtful", "accuracy_heldout")
    assert (found.value, found.floor) == (pytest.approx(0.528, abs=5e-4), pytest.approx(0.531, abs=5e-4))
    assert found.why is not None
    assert found.why.startswith("gec-sv, fluency (primary:katarina), systems=without:mm")
    translation = TaskInfo(name="ntrex", language="sv", form="long", kind="translation", output_type="generate_until")
    unknown = trust(Column(key="ntrex/chrf", task="ntrex", metric="chrf"), translation)
    assert (unknown.verdict, unknown.value) == ("unknown", None)
    assert "nearest: gec-sv, gec in sv" in (unknown.why or "")


def test_an_interval_above_the_floor_alone_would_pass_metrics_that_a_sentinel_beats() -> None:
    """Why it does not decide: on gec-sv that of BERTScore lies above 0 on grammaticality, where unlikeness to the source wins."""
    passed = [one for one in read_evidence(SHIPPED) if one.slice == "all" and one.language == "sv" and (one.above_low or 0) > 0]
    assert passed
    assert all(one.sentinel_high is not None and one.low is not None and one.low < one.sentinel_high for one in passed)


def test_warnings_name_what_is_not_shown_to_agree_and_what_nobody_knows(tmp_path: Path) -> None:
    doubtful = told(tmp_path, but(**BAD))
    columns = [
        Column(key="a/chrf", task="a", metric="chrf", trust=doubtful),
        Column(key="b/chrf", task="b", metric="chrf", trust=Trust(verdict="unknown")),
        Column(key="c/acc", task="c", metric="acc", trust=Trust(verdict="by-key")),
        Column(key="d/acc", task="d", metric="acc"),
    ]
    assert trust_warnings(columns) == [
        "a/chrf: its metric is not shown to agree with people "
        "(accuracy .540 [.500 .580] on 200 items of ratings@1, where the sentinel length gives .560)",
        "nobody knows how far these metrics agree with people in these tasks: b/chrf",
    ]


def test_a_folder_that_is_no_meta_evaluation_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run folder"):
        find_trust([tmp_path])
