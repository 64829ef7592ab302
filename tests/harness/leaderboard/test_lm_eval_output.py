"""What lm-eval itself writes is read, and every value that it reports comes out of the items again."""

import json
from pathlib import Path

import pytest
import yaml
from tiny_models import tiny_llama

from harness.leaderboard.board import make_board
from harness.leaderboard.measures import find_measure
from harness.leaderboard.results import read_results

pytestmark = pytest.mark.slow


def write_tasks(folder: Path) -> None:
    """A choice, a generation under two filters and two perplexities, of the same seven documents; and a group."""
    data = folder / "documents.jsonl"
    rows = [
        {"q": f"fråga {n}", "choices": ["ja", "nej", "kanske"][: 2 + n % 2], "label": n % 2, "text": f"hej du {n}"}
        for n in range(7)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(data)}}, "test_split": "test"}
    strip = {"name": "strip", "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}]}
    tasks = {
        "choice": {"output_type": "multiple_choice", "doc_to_text": "{{q}}", "doc_to_choice": "choices", "doc_to_target": "label",
                   "metric_list": [{"metric": name} for name in ("acc", "acc_norm", "mcc", "f1")]},
        "says": {"output_type": "generate_until", "doc_to_text": "{{text}}", "doc_to_target": "{{text}}",
                 "generation_kwargs": {"until": ["\n"], "max_gen_toks": 8},
                 "filter_list": [{"name": "first", "filter": [{"function": "take_first"}]}, strip],
                 "metric_list": [{"metric": name} for name in ("chrf", "bleu", "ter", "exact_match")]},
        "prose": {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{text}}",
                  "metric_list": [{"metric": name} for name in ("word_perplexity", "byte_perplexity", "bits_per_byte")]},
    }  # fmt: skip
    for name, said in tasks.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"task": name, **common, **said, "metadata": {"version": 1.0}}))
    (folder / "group.yaml").write_text("group: both\ntask: [choice]\naggregate_metric_list: [{metric: acc}]\n")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")
    from lm_eval import simple_evaluate
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    home = tmp_path_factory.mktemp("lm-eval")
    write_tasks(home)
    tracker = EvaluationTracker(output_path=str(home / "out"))
    found = simple_evaluate(
        model="hf",
        model_args=f"pretrained={tiny_llama(home / 'tiny')},dtype=float32",
        device="cpu",
        tasks=["both", "says", "prose"],
        task_manager=TaskManager(include_path=str(home), include_defaults=False),
        bootstrap_iters=0,
        limit=6,
        evaluation_tracker=tracker,
    )
    samples = found.pop("samples")
    tracker.save_results_aggregated(found, samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task, rows)
    return home / "out"


def test_every_reported_value_comes_out_of_the_items(output: Path) -> None:
    results = read_results(output)
    assert list(results.models) == ["tiny"]
    assert {one.task: len(one.values) for one in results.results} == {"choice": 4, "says": 8, "prose": 3}
    for one in results.results:
        items = list(results.read_items("tiny", one.task))
        assert len(items) == one.items == 6
        assert one.partial
        for metric, value in one.values.items():
            measure = find_measure(items, metric, one.settings["metrics"][metric]["aggregation"], value)
            assert measure is not None, metric
            assert measure.total == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_such_a_folder_becomes_a_board(output: Path) -> None:
    board = make_board(read_results(output), metrics=["bleu"], resamples=200)
    keys = [column.key for column in board.columns]
    assert keys == ["choice/acc", "says/chrf,first", "says/bleu,first", "says/bleu,strip", "prose/word_perplexity"]
    assert {task.name: task.baseline for task in board.tasks} == {
        "choice": pytest.approx((3 * 1 / 2 + 3 * 1 / 3) / 6), "says": 0.0, "prose": None
    }  # fmt: skip
    assert all(cell.status == "partial" for cell in board.cells)
    assert "of the groups both only the tasks in them count" in board.notes[0]
