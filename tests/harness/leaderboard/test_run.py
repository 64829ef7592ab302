"""Leaderboard runs: nothing is asked twice, one failure stops nothing else, and numbers are lm-eval's own."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from tiny_models import tiny_llama
from toy_lm_eval import NAME, Calls, register_toy, toy_tasks

from harness.cache import Cache
from harness.errors import ConfigError
from harness.leaderboard.config import BoardModel, BoardTask, LeaderboardConfig, Price
from harness.leaderboard.results import read_results
from harness.leaderboard.run import Summary, run_leaderboard, state_of
from harness.plugins import load_plugins
from harness.protocols import GeneratorSpec
from harness.records import ChoiceLoglik, Example, Output
from harness.registry import Entry, PluginRef, Registry
from harness.store import Run


@pytest.fixture
def calls() -> Calls:
    calls = Calls()
    register_toy(calls)
    return calls


def toy(name: str = "toy", **params: Any) -> BoardModel:
    return BoardModel(name=name, by="lm_eval", plugin=PluginRef(NAME, params))


def board(tmp_path: Path, *tasks: str, models: tuple[BoardModel, ...] = (toy(),), **fields: Any) -> LeaderboardConfig:
    folders = (str(toy_tasks(tmp_path / "tasks")),)
    chosen = tuple(BoardTask(name=name) for name in tasks)
    return LeaderboardConfig(name="b", models=models, tasks=chosen, task_folders=folders, output="unused", **fields)


@cache
def plugins() -> Registry:
    return load_plugins()


def run(tmp_path: Path, config: LeaderboardConfig, cached: str = "cache") -> Summary:
    with Run.open(tmp_path / "run", config={}, command=["test"]) as opened, Cache(tmp_path / cached) as cache:
        return run_leaderboard(opened, config, plugins(), lambda label, done, total: None, cache=cache)


def result(tmp_path: Path, task: str, model: str = "toy") -> dict[str, Any]:
    return json.loads((tmp_path / "run" / "results" / model / f"results_{task}.json").read_bytes())


def test_results_and_samples_are_files_that_lm_evals_own_are_like(tmp_path: Path, calls: Calls) -> None:
    summary = run(tmp_path, board(tmp_path, "toy_pair"))
    assert (summary.tasks, summary.done, summary.reused, summary.failures) == (("toy_choice", "toy_text"), 2, 0, ())
    assert result(tmp_path, "toy_text")["results"]["toy_text"]["exact_match,none"] == 1.0
    read = read_results(tmp_path / "run")
    assert {(one.task, one.items, one.partial) for one in read.results} == {("toy_choice", 6, False), ("toy_text", 6, False)}
    assert [item.answers for item in read.read_items("toy", "toy_text")] == [(f"svar {n}",) for n in range(6)]
    assert read.tasks["toy_text"].metric == "exact_match"


def test_a_finished_run_opens_no_model(tmp_path: Path, calls: Calls) -> None:
    run(tmp_path, board(tmp_path, "toy_pair"))
    calls.opened = 0
    summary = run(tmp_path, board(tmp_path, "toy_pair"))
    assert (summary.done, summary.reused, calls.opened) == (0, 2, 0)


def test_a_stopped_task_asks_only_for_replies_that_had_not_arrived(tmp_path: Path, calls: Calls) -> None:
    calls.stop_after = 4
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, board(tmp_path, "toy_text"), "one")
    calls.stop_after = None
    run(tmp_path, board(tmp_path, "toy_text"), "other")
    assert [prompt for _, prompt in calls.asked] == [f"Säg {n}.\nSvar:" for n in range(6)]


def test_more_items_ask_only_for_the_items_that_are_new(tmp_path: Path, calls: Calls) -> None:
    run(tmp_path, board(tmp_path, "toy_text", limit=2))
    run(tmp_path, board(tmp_path, "toy_text", limit=3))
    assert len(calls.asked) == 3
    assert result(tmp_path, "toy_text")["n-samples"]["toy_text"] == {"original": 6, "effective": 3}


def test_replies_of_one_model_are_never_anothers(tmp_path: Path, calls: Calls) -> None:
    config = board(tmp_path, "toy_choice", models=(toy("one", voice="a"), toy("two", voice="b")))
    run(tmp_path, config)
    assert len(calls.asked) == 2 * 6 * 3
    said = [[item.answers for item in read_results(tmp_path / "run").read_items(name, "toy_choice")] for name in ("one", "two")]
    assert said[0] != said[1]


def test_settings_of_how_it_is_computed_make_no_other_model(tmp_path: Path, calls: Calls) -> None:
    run(tmp_path, board(tmp_path, "toy_text", models=(toy(batch_size=1),)))
    assert run(tmp_path, board(tmp_path, "toy_text", models=(toy(batch_size=8),))).reused == 1


def test_a_changed_task_is_done_again_out_of_kept_replies(tmp_path: Path, calls: Calls) -> None:
    config = board(tmp_path, "toy_text")
    run(tmp_path, config)
    task = tmp_path / "tasks" / "toy_text.yaml"
    task.write_text(task.read_text().replace("{{answer}}", "{{answer}}!"))
    summary = run(tmp_path, config)
    assert (summary.done, len(calls.asked)) == (1, 6)
    assert result(tmp_path, "toy_text")["results"]["toy_text"]["exact_match,none"] == 0.0


def test_changed_data_of_a_task_are_asked_for_and_the_old_result_is_not_kept(tmp_path: Path, calls: Calls) -> None:
    config = board(tmp_path, "toy_text", "toy_choice")
    run(tmp_path, config)
    data = tmp_path / "tasks" / "toy_text.jsonl"
    data.write_text(data.read_text().replace('"svar 0"', '"annat"').replace("Säg 5", "Säg 7"))
    calls.asked.clear()
    summary = run(tmp_path, config)
    assert (summary.done, summary.reused, [prompt for _, prompt in calls.asked]) == (1, 1, ["Säg 7.\nSvar:"])
    assert result(tmp_path, "toy_text")["results"]["toy_text"]["exact_match,none"] == pytest.approx(4 / 6)
    states = state_of(config, tmp_path / "run", plugins(), Cache(tmp_path / "cache"))
    assert {state for _, _, state in states} == {"done"}


def test_a_task_without_data_and_a_model_that_fails_stop_nothing_else(tmp_path: Path, calls: Calls) -> None:
    absent = toy("absent", voice="train:untrained")
    config = board(tmp_path, "toy_missing", "toy_text", models=(absent, toy()), trainings=str(tmp_path))
    summary = run(tmp_path, config)
    assert [(one.model, one.task) for one in summary.failures] == [
        ("absent", "toy_missing"),
        ("absent", "toy_text"),
        ("toy", "toy_missing"),
    ]
    assert summary.done == 1
    assert "no finished training called 'untrained'" in summary.failures[0].error
    failed = json.loads((tmp_path / "run/results/toy/failed_toy_missing.json").read_bytes())
    assert (failed["model"], failed["task"], failed["error"]) == ("toy", "toy_missing", summary.failures[2].error)


def test_out_of_memory_names_the_setting_and_what_was_answered_is_kept(tmp_path: Path, calls: Calls) -> None:
    calls.stop_after, calls.error = 4, RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    (failure,) = run(tmp_path, board(tmp_path, "toy_text")).failures
    assert "lower what it computes at once (`batch_size`" in failure.error
    calls.stop_after = None
    assert run(tmp_path, board(tmp_path, "toy_text")).done == 1
    assert len(calls.asked) == 6
    assert not (tmp_path / "run/results/toy/failed_toy_text.json").exists()


def test_a_board_never_shows_the_result_of_what_a_model_was_before(tmp_path: Path, calls: Calls) -> None:
    run(tmp_path, board(tmp_path, "toy_text", models=(toy(voice="a"),)))
    calls.stop_after, calls.error = 6, ValueError("gone")
    assert len(run(tmp_path, board(tmp_path, "toy_text", models=(toy(voice="b"),))).failures) == 1
    assert [one.values for one in read_results(tmp_path / "run").results] == [{}]


def test_a_result_that_was_cut_short_is_made_anew(tmp_path: Path, calls: Calls) -> None:
    config = board(tmp_path, "toy_text")
    run(tmp_path, config)
    path = tmp_path / "run/results/toy/results_toy_text.json"
    path.write_bytes(path.read_bytes()[:100])
    assert run(tmp_path, config).done == 1
    assert len(calls.asked) == 6


def test_an_unknown_task_is_wrong_use_before_anybody_is_asked(tmp_path: Path, calls: Calls) -> None:
    with pytest.raises(ConfigError, match=r"no task 'toy_txet'. Did you mean 'toy_text'\?.*`lm_eval_tasks: true`"):
        run(tmp_path, board(tmp_path, "toy_text", "toy_txet"))
    assert calls.asked == []


def test_a_dry_run_says_what_is_left(tmp_path: Path, calls: Calls) -> None:
    run(tmp_path, board(tmp_path, "toy_text"))
    states = state_of(board(tmp_path, "toy_pair"), tmp_path / "run", plugins(), Cache(tmp_path / "cache"))
    assert [(model, task.name, state) for model, task, state in states] == [
        ("toy", "toy_choice", "to do"),
        ("toy", "toy_text", "done"),
    ]


def test_cost_is_by_the_price_of_an_hour(tmp_path: Path, calls: Calls) -> None:
    model = BoardModel(name="toy", by="lm_eval", plugin=PluginRef(NAME), price=Price(hour=3600.0))
    run(tmp_path, board(tmp_path, "toy_text", models=(model,)))
    own = result(tmp_path, "toy_text")["harness"]
    assert own["cost"] == pytest.approx(own["seconds"])
    assert own["tokens_in"] is None  # the toy has no tokenizer, so nobody knows


class Weighing:
    """A generator that likes short choices, and answers `Säg N.` with `svar N` and more."""

    signature = "weighing|v:1"

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        for example in examples:
            said: dict[str, Any] = {"loglik": tuple(ChoiceLoglik(sum=-len(c), tokens=1, characters=1) for c in example.choices)}
            if example.kind != "choice":
                number = (example.instruction or "").split(".")[0].removeprefix("Säg ")
                said = {"text": f"svar {number}\nSäg mer.", "finish": "stop"}
            yield Output(id="any", example_id=example.id, system="any", **said)


def test_a_generator_plugin_does_tasks(tmp_path: Path) -> None:
    registry = Registry()
    registry.entries["generator"]["weighing"] = Entry(GeneratorSpec("weighing", build=Weighing), "test", "test")
    model = BoardModel(name="w", by="generator", plugin=PluginRef("weighing"))
    config = board(tmp_path, "toy_pair", models=(model,))
    greedy = tmp_path / "tasks" / "toy_greedy.yaml"
    greedy.write_text(
        (tmp_path / "tasks/toy_choice.yaml").read_text().replace("toy_choice\n", "toy_greedy\n").replace("acc", "exact_match")
    )
    with Run.open(tmp_path / "run", config={}, command=["test"]) as opened, Cache(tmp_path / "cache") as cache:
        summary = run_leaderboard(opened, config, registry, lambda label, done, total: None, cache=cache)
    assert [(one.task, "what greedy decoding gives" in one.error) for one in summary.failures] == [("toy_greedy", True)]
    # Choices are weighed by their length, and the right one is the first of the shortest.
    values = {one.task: one.values for one in read_results(tmp_path / "run").results if one.values}
    assert values == {"toy_choice": {"acc": 1.0}, "toy_text": {"exact_match": 1.0}}


def stock_tasks(folder: Path) -> Path:
    """lm-eval's own arc_easy and gsm8k as they ship, on data that lie here."""
    import lm_eval.tasks

    stock = Path(lm_eval.tasks.__file__).parent
    arc = [
        {
            "question": f"what is {n} and {n}",
            "choices": {"text": [str(2 * n), "a", "bb"], "label": ["A", "B", "C"]},
            "answerKey": "A",
        }
        for n in range(5)
    ]
    gsm = [{"question": f"what is {n} times two", "answer": f"it is twice {n}\n#### {2 * n}"} for n in range(8)]
    folder.mkdir()
    for name, rows, home in (("arc_easy", arc, "arc/arc_easy.yaml"), ("gsm8k", gsm, "gsm8k/gsm8k.yaml")):
        data = folder / f"{name}.json"
        data.write_text("\n".join(map(json.dumps, rows)))
        kwargs = json.dumps({"data_files": {"test": str(data), "train": str(data), "validation": str(data)}})
        own = f"include: {stock / home}\ndataset_path: json\ndataset_name: null\ndataset_kwargs: {kwargs}\n"
        (folder / f"{name}.yaml").write_text(own)
    return folder


def test_scores_of_stock_tasks_are_lm_evals_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit: a run asks lm-eval's `hf` exactly what lm-eval asks it."""
    pytest.importorskip("transformers", reason="needs metaeval-harness[leaderboard]")
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)  # it asks the machine for half a minute
    model, folder = tiny_llama(tmp_path / "tiny"), stock_tasks(tmp_path / "stock")
    params = {"pretrained": str(model), "device": "cpu", "dtype": "float32", "batch_size": 3, "max_length": 2048}
    hf = BoardModel(name="tiny", by="lm_eval", plugin=PluginRef("hf", params))
    tasks = (BoardTask(name="arc_easy"), BoardTask(name="gsm8k", limit=4))
    config = LeaderboardConfig(name="b", models=(hf,), tasks=tasks, task_folders=(str(folder),), output="unused")
    assert run(tmp_path, config).failures == ()
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    for task, limit, metrics in (("arc_easy", None, 4), ("gsm8k", 4, 4)):
        theirs: Any = simple_evaluate(model="hf", model_args=params, tasks=[task], task_manager=manager, limit=limit)
        own = result(tmp_path, task, "tiny")
        expected = {key: value for key, value in theirs["results"][task].items() if "," in key}
        assert len(expected) == metrics
        assert {key: value for key, value in own["results"][task].items() if "," in key} == expected
        samples = (tmp_path / f"run/results/tiny/samples_{task}.jsonl").read_text().splitlines()
        assert [json.loads(line)["doc_hash"] for line in samples] == [one["doc_hash"] for one in theirs["samples"][task]]
