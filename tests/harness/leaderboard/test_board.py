"""A board says what its results say: values, intervals, ranks with clusters, the mean, and what to know first."""

import random
from pathlib import Path

import pytest
from boards import results_folder, results_of

from harness.errors import InputError
from harness.leaderboard.board import make_board
from harness.leaderboard.records import Board, Cell, Column, Item, ModelInfo, Results, TaskInfo, TaskResult, Trust
from harness.leaderboard.results import read_results


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    results = read_results(results_folder(tmp_path_factory.mktemp("board")))
    return make_board(results, name="small", metrics=["bleu"], resamples=500)


def cell_of(board: Board, model: str, column: str) -> Cell:
    return next(cell for cell in board.cells if (cell.model, cell.column) == (model, column))


def test_every_model_and_column_has_a_cell(board: Board) -> None:
    assert [(cell.model, cell.column) for cell in board.cells] == [
        (model.name, column.key) for model in board.models for column in board.columns
    ]
    assert [column.key for column in board.columns if not column.main] == ["sv_translate/bleu"]
    assert cell_of(board, "org/other-7b", "sv_cloze/acc").status == "missing"


def test_values_are_the_reported_ones_within_their_intervals(board: Board) -> None:
    for cell in board.cells:
        if cell.value is not None:
            assert cell.low is not None
            assert cell.high is not None
            assert cell.low < cell.value < cell.high


def test_models_stand_in_the_order_of_the_mean(board: Board) -> None:
    assert [one.model for one in board.standings] == ["tuned", "untuned", "org/other-7b"]
    assert [(one.rank, one.cluster) for one in board.standings] == [(1, 1), (2, 2), (None, None)]
    tuned = board.standings[0]
    columns = [("sv_choice/acc", 0.25, 1), ("sv_translate/chrf", 0, 100), ("sv_cloze/acc", 0.25, 1)]
    expected = [((cell_of(board, "tuned", key).value or 0) - low) / (high - low) for key, low, high in columns]
    assert tuned.mean == pytest.approx(sum(expected) / 3)
    assert "no mean: sv_cloze missing" in str(board.standings[2].note)


def test_a_model_that_lacks_a_task_is_not_ranked_until_the_task_is_left_out(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    board = make_board(results, tasks=["sv_choice", "sv_translate"], resamples=200)
    assert {one.model for one in board.standings if one.rank is not None} == {"tuned", "untuned", "org/other-7b"}


def test_where_less_is_better_the_smallest_is_first(board: Board) -> None:
    ranks = {model: cell_of(board, model, "sv_prose/character_perplexity").rank for model in ("tuned", "untuned", "org/other-7b")}
    assert ranks == {"tuned": 1, "org/other-7b": 2, "untuned": 3}


def test_a_task_without_baseline_is_not_in_the_mean_and_says_so(board: Board) -> None:
    column = next(column for column in board.columns if column.task == "sv_prose")
    assert "no baseline is known: not in the mean" in str(column.note)
    assert cell_of(board, "tuned", column.key).normalised is None
    assert "the mean is over 3 of 4 tasks" in board.notes[0]


def test_models_that_are_not_shown_to_differ_share_a_cluster() -> None:
    chance = random.Random(1)
    truth = {"best": 0.9, "good": 0.6, "alike": 0.6, "worst": 0.2}
    scores = {model: {"t": [float(chance.random() < share) for _ in range(300)]} for model, share in truth.items()}
    board = make_board(results_of(scores), resamples=500)
    assert [cell.cluster for cell in board.cells] == [1, 2, 2, 3]
    assert [cell.rank for cell in board.cells] == [1, 2, 3, 4]
    assert [one.cluster for one in board.standings] == [1, 2, 2, 3]


def test_equal_values_share_a_rank() -> None:
    board = make_board(results_of({"a": {"t": [1, 0, 1]}, "b": {"t": [1, 1, 0]}, "c": {"t": [0, 0, 1]}}), resamples=200)
    assert {cell.model: cell.rank for cell in board.cells} == {"a": 1, "b": 1, "c": 3}


def test_one_model_alone_has_no_rank() -> None:
    board = make_board(results_of({"a": {"t": [1, 0, 1]}}), resamples=200)
    assert (board.cells[0].rank, board.cells[0].cluster, board.standings[0].rank) == (None, None, None)


def test_without_items_the_reported_error_gives_the_interval() -> None:
    results = results_of({"a": {"t": [1, 0]}, "b": {"t": [1, 0]}, "c": {"t": [1, 0]}})
    bare = Results(
        models=results.models,
        tasks=results.tasks,
        results=(
            TaskResult(model="a", task="t", values={"s": 0.9}, errors={"s": 0.01}, items=500),
            TaskResult(model="b", task="t", values={"s": 0.5}, errors={"s": 0.01}, items=500),
            TaskResult(model="c", task="t", values={"s": 0.7}, items=500),
        ),
        read_items=lambda model, task: iter(()),
    )
    board = make_board(bare, resamples=2000)
    a, b, c = (cell_of(board, name, "t/s") for name in "abc")
    assert (a.low, a.high) == pytest.approx((0.9 - 1.959964 * 0.01, 0.9 + 1.959964 * 0.01))
    assert (a.rank, b.rank, a.cluster, b.cluster) == (1, 2, 1, 2)
    assert (c.low, c.rank, c.cluster) == (None, None, None)
    assert "no items were kept" in str(c.note)


def test_items_that_contradict_the_reported_value_are_not_used() -> None:
    results = results_of({"a": {"t": [1, 0]}})
    other = Results(
        models=results.models,
        tasks=results.tasks,
        results=(TaskResult(model="a", task="t", values={"s": 0.75}, items=2),),
        read_items=results.read_items,
    )
    cell = make_board(other, resamples=200).cells[0]
    assert (cell.value, cell.low) == (0.75, None)
    assert "the items kept do not give the reported value" in str(cell.note)


def test_guessing_among_the_choices_is_the_baseline_where_a_task_says_none() -> None:
    items = [Item(key=str(place), choices=("a",) * size, values={"acc": 1.0}) for place, size in enumerate((2, 4))]
    results = Results(
        models={"m": ModelInfo(name="m")},
        tasks={"t": TaskInfo(name="t", metric="acc", output_type="multiple_choice")},
        results=(TaskResult(model="m", task="t", values={"acc": 1.0}, items=2),),
        read_items=lambda model, task: iter(items),
    )
    board = make_board(results, resamples=200)
    assert board.tasks[0].baseline == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert "guessing among the choices" in str(board.columns[0].note)


def test_a_lower_metric_with_a_scale_counts_the_right_way_round() -> None:
    scores = {"good": {"t": [1.0, 2.0, 1.5] * 20}, "bad": {"t": [3.0, 3.5, 4.0] * 20}}
    board = make_board(results_of(scores, baseline=4.0, ceiling=0.0, higher=False), resamples=500)
    assert [one.model for one in board.standings] == ["good", "bad"]
    assert [one.cluster for one in board.standings] == [1, 2]
    assert board.standings[0].mean == pytest.approx((4 - 1.5) / 4)


def test_warnings_name_what_differs_what_was_seen_and_what_nobody_trusts(tmp_path: Path) -> None:
    results = results_of({"a": {"t": [1, 0]}, "b": {"t": [1, 0, 1]}})
    shots = Results(
        models=results.models,
        tasks=results.tasks,
        results=tuple(
            TaskResult(model=one.model, task="t", values=one.values, items=one.items, shots=place * 5)
            for place, one in enumerate(results.results)
        ),
        read_items=results.read_items,
    )

    def trust(column: Column, task: TaskInfo) -> Trust:
        return Trust(verdict="doubtful", metric=column.metric, value=0.5, low=0.4, high=0.6)

    board = make_board(shots, trust=trust, seen={("a", "t"): 1}, resamples=200)
    said = "\n".join(board.warnings)
    assert "t/s: its metric is not shown to agree with people" in said
    assert "t: models differ in the number of examples in the prompt (0, 5)" in said
    assert "a on t: 1 of 2 items overlap with what it was trained on" in said
    assert "t: models did different numbers of items (2, 3)" in said
    assert cell_of(board, "a", "t/s").seen == 1
    assert cell_of(board, "b", "t/s").seen is None
    assert board.columns[0].trust == trust(board.columns[0], board.tasks[0])


def test_a_model_that_failed_says_why(tmp_path: Path) -> None:
    folder = results_folder(tmp_path)
    (folder / "org__other-7b/failed_sv_cloze.json").write_text(
        '{"model": "org/other-7b", "task": "sv_cloze", "error": "CUDA out of memory", "date": 1}'
    )
    board = make_board(read_results(folder), resamples=200)
    cell = cell_of(board, "org/other-7b", "sv_cloze/acc")
    assert (cell.status, cell.note) == ("error", "CUDA out of memory")
    assert "org/other-7b on sv_cloze: CUDA out of memory" in board.warnings


def test_the_same_seed_gives_the_same_board_and_another_other_intervals(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    one, again, other = (make_board(results, seed=seed, resamples=300) for seed in (1, 1, 2))
    assert one == again
    assert [cell.value for cell in one.cells] == [cell.value for cell in other.cells]
    assert [cell.low for cell in one.cells] != [cell.low for cell in other.cells]


def test_names_that_the_results_do_not_hold_are_errors(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    with pytest.raises(InputError, match=r"no task 'sv_choise'\. Did you mean 'sv_choice'"):
        make_board(results, tasks=["sv_choise"])
    with pytest.raises(InputError, match=r"no model 'tunned'\. Did you mean 'tuned'"):
        make_board(results, models=["tunned"])
