"""Columns by this harness's own metrics over kept answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from boards import results_folder

from harness.errors import InputError, PluginError
from harness.leaderboard.board import make_board
from harness.leaderboard.columns import score_columns
from harness.leaderboard.records import Item, ModelInfo, Results, TaskInfo, TaskResult
from harness.leaderboard.results import read_results
from harness.leaderboard.trust import find_trust
from harness.plugins import load_plugins
from harness.registry import PluginRef, Registry

REGISTRY = load_plugins()


def ref(text: str) -> PluginRef:
    return REGISTRY.parse("metric", text)


def small(items: dict[str, list[Item]], **task: Any) -> Results:
    """Models with these items of one task that generates."""
    about = {"name": "says", "language": "sv", "form": "long", "metric": "chrf", "output_type": "generate_until", **task}

    def read_items(model: str, task: str) -> Iterator[Item]:
        return iter(items[model])

    return Results(
        models={model: ModelInfo(name=model) for model in items},
        tasks={"says": TaskInfo(**about)},
        results=tuple(
            TaskResult(model=model, task="says", values={"chrf": 1.0}, items=len(held)) for model, held in items.items()
        ),
        read_items=read_items,
    )


def said(key: str, *answers: str, target: str | None = "snön faller över staden", **meta: Any) -> Item:
    return Item(key=key, prompt="Säg.", target=target, answers=answers, values={"chrf": None}, meta=meta)


def test_every_answer_has_a_value_and_the_column_their_mean() -> None:
    found = score_columns(
        small(
            {
                "a": [said("1", "snön faller över staden"), said("2", "regnet faller inte här")],
                "b": [said("1", ""), said("2", "")],
            }
        ),
        REGISTRY,
        [ref("rouge-1")],
    )
    assert [one.values["rouge-1"] for one in found.results] == [0.625, 0.0]  # 4 of 4 words, 1 of 4; nothing
    assert [item.values["rouge-1"] for item in found.read_items("a", "says")] == [1.0, 0.25]
    assert found.metrics["rouge-1"].signature.startswith("rouge-1|case:fold|")
    assert found.results[0].values["chrf"] == 1.0


def test_of_several_answers_the_mean_counts_and_of_several_targets_the_best() -> None:
    one = said("1", "snön faller över staden", "regnet faller inte här")
    two = said("2", "regnet", target='["snön", "regnet"]', targets=["snön", "regnet"])
    found = score_columns(small({"a": [one, two]}), REGISTRY, [ref("rouge-1")])
    assert [item.values["rouge-1"] for item in found.read_items("a", "says")] == [0.625, 1.0]


def test_an_item_without_a_score_has_no_value_and_is_told() -> None:
    found = score_columns(small({"a": [said("1", "snön faller"), said("2", "snö", target=None)]}), REGISTRY, [ref("rouge-1")])
    assert [item.values["rouge-1"] for item in found.read_items("a", "says")] == [pytest.approx(2 / 3), None]
    assert found.results[0].values["rouge-1"] == pytest.approx(2 / 3)
    assert found.notes == ("rouge-1: no score on 1 of 2 answers: 1 no-reference",)


def test_models_whose_prompts_differ_are_scored_against_their_own_targets() -> None:
    other = msgspec.structs.replace(said("1", "regnet"), target="regnet")
    found = score_columns(small({"a": [said("1", "regnet")], "b": [other]}), REGISTRY, [ref("rouge-1")])
    assert [one.values["rouge-1"] for one in found.results] == [0.0, 1.0]


def test_choices_and_perplexities_are_left_alone(tmp_path: Path) -> None:
    found = score_columns(read_results(results_folder(tmp_path)), REGISTRY, [ref("rouge-l")])
    assert {one.task for one in found.results if "rouge-l" in one.values} == {"sv_translate"}
    assert "rouge-l" not in next(found.read_items("tuned", "sv_choice")).values
    none = small({"a": [said("1")]})
    assert "no answers were kept" in score_columns(none, REGISTRY, [ref("rouge-l")]).notes[0]


def test_a_metric_that_lm_eval_has_too_stands_under_a_name_of_its_own_and_is_another_number(tmp_path: Path) -> None:
    found = score_columns(read_results(results_folder(tmp_path)), REGISTRY, [ref("chrf")])
    [one] = [one for one in found.results if (one.model, one.task) == ("tuned", "sv_translate")]
    assert one.values["chrf"] != one.values["chrf per answer"]
    assert one.values["chrf"] == pytest.approx(one.values["chrf per answer"], rel=0.02)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "chrf:word_order=2"])
def test_a_mean_over_answers_is_never_named_like_a_score_of_all_answers_together(metric: str) -> None:
    found = score_columns(small({"a": [said("1", "snön faller")]}, metric="exact_match"), REGISTRY, [ref(metric)])
    [name] = found.metrics
    assert name.endswith(" per answer")
    assert found.notes[0].startswith(f"{name}: the mean over answers, each scored alone")
    plain = score_columns(small({"a": [said("1", "snön faller")]}), REGISTRY, [ref("rouge-l")])
    assert (list(plain.metrics), plain.notes) == (["rouge-l"], ())


def test_a_board_has_intervals_ranks_and_trust_of_such_a_column(tmp_path: Path) -> None:
    results = score_columns(read_results(results_folder(tmp_path)), REGISTRY, [ref("rouge-l")])
    board = make_board(results, trust=find_trust(results=results), resamples=200)
    [column] = [column for column in board.columns if column.metric == "rouge-l"]
    assert column.main is False
    assert column.trust is not None
    assert column.trust.metric == results.metrics["rouge-l"].signature
    assert all(
        cell.low is not None and cell.value is not None and cell.low < cell.value and cell.cluster is not None
        for cell in board.cells
        if cell.column == column.key
    )


@pytest.mark.parametrize(
    ("metric", "said"), [("recorded-verdict:judge", "scores a pair of answers"), ("rouge-9", "unknown metric")]
)
def test_a_metric_that_gives_no_number_an_answer_is_refused(metric: str, said: str) -> None:
    with pytest.raises((InputError, PluginError), match=said):
        score_columns(small({"a": []}), REGISTRY, [PluginRef(*parts(metric))])


def parts(metric: str) -> tuple[str, dict[str, Any]]:
    name, _, judge = metric.partition(":")
    return name, {"name": judge} if judge else {}


def test_no_metric_asks_nothing() -> None:
    results = small({"a": []})
    assert score_columns(results, Registry(), []) is results
