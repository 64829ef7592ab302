"""Every task file says what a board needs to know, reads its pinned data, and runs under plain lm-eval."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "tasks").glob("*.yaml"))
METADATA = {"version", "language", "form", "licence", "metric", "random_baseline", "items", "description"}
MORE = {"kind", "criteria", "baseline", "ceiling"}


class _Loader(yaml.SafeLoader):
    """YAML in which `!function` is a text."""


_Loader.add_constructor("!function", lambda loader, node: f"!function {node.value}")


def content(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # a subclass of SafeLoader


@cache
def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tasks_data", ROOT / "tasks/data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_task_says_what_a_board_needs_to_know(path: Path) -> None:
    task = content(path)
    assert task["task"] == path.stem
    assert METADATA <= set(task["metadata"]) <= METADATA | MORE
    assert task["metadata"]["form"] in ("short", "long")
    assert task["metadata"]["metric"] in [metric["metric"] for metric in task["metric_list"]]
    assert (task["metadata"]["random_baseline"] is None) == (task["output_type"] != "multiple_choice")
    pins = task["dataset_kwargs"]["sha256"]
    for pin in [pins] if isinstance(pins, str) else pins:
        assert re.fullmatch(r"[0-9a-f]{64}", pin)
    assert path.stem in (ROOT / "tasks/README.md").read_text() or task.get("tag") == "sv_natural_instructions"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_data_are_the_pinned_ones_and_guessing_gives_what_it_says(
    path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets", reason="needs metaeval-harness[build]")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    task = content(path)
    rows = list(reader().rows(**task["metadata"], **task["dataset_kwargs"])["test"])
    assert len(rows) == task["metadata"]["items"]
    chance = task["metadata"]["random_baseline"]
    if chance is None:
        return
    choices = task["doc_to_choice"]
    sizes = [len(row[choices]) if isinstance(choices, str) else len(choices) for row in rows]
    assert sum(1 / size for size in sizes) / len(sizes) == pytest.approx(chance, abs=5e-5)


def test_an_absent_file_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="run `harness data get superlim-2`, or set HARNESS_DATA"):
        reader().rows(file="superlim2/x.jsonl", get="superlim-2")


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="needs metaeval-harness[build]")
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(ValueError, match="sha256 differs"):
        reader().rows(file="x.jsonl", sha256="0" * 64)


def test_perplexity_per_character_by_hand() -> None:
    items = [reader().by_character({"text": "hej"}, [(-3.0, False)]), reader().by_character({"text": "på dig"}, [(-6.0, False)])]
    assert [item["character_perplexity"] for item in items] == [(-3.0, 3), (-6.0, 6)]
    assert reader().character_perplexity([item["character_perplexity"] for item in items]) == pytest.approx(2.718281828459045)


@pytest.mark.slow
def test_every_task_runs_under_plain_lm_eval(shared_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager
    from tiny_models import tiny_llama

    model = HFLM(pretrained=str(tiny_llama(tmp_path / "tiny")), device="cpu", batch_size=4, max_length=4096)
    manager = TaskManager(include_path=str(ROOT / "tasks"), include_defaults=False)
    names = [path.stem for path in FILES]
    found = simple_evaluate(
        model=model, tasks=names, task_manager=manager, limit=1, bootstrap_iters=0, gen_kwargs="max_gen_toks=4"
    )
    for path in FILES:
        metric = content(path)["metadata"]["metric"]
        assert isinstance(found["results"][path.stem][f"{metric},none"], float)
