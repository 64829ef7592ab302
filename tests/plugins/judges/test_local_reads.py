"""What a plugin says that it reads, which opens one language model."""

from pathlib import Path

import pytest
from harness_plugins.judges.local_reads import judge_files, model_files

from harness.plugins import load_plugins


def test_a_folder_or_a_file_is_read(tmp_path: Path) -> None:
    assert model_files(base=str(tmp_path), epochs=3) == [tmp_path]
    assert model_files(model="absent.gguf") == [Path("absent.gguf")]


@pytest.mark.parametrize("name", ["smollm2", f"owner/name@{'a' * 40}"])
def test_what_cannot_change_needs_no_look(name: str) -> None:
    assert model_files(model=name) == []


@pytest.mark.parametrize("name", ["owner/name", "owner/name@main", 3])
def test_of_what_may_change_elsewhere_nobody_knows(name: object) -> None:
    assert model_files(model=name) is None


@pytest.mark.parametrize(("kind", "name"), [("generator", "transformers"), ("generator", "vllm"), ("trainer", "sft")])
def test_what_opens_a_model_says_that_it_reads_it(kind: str, name: str) -> None:
    """Else no finished experiment with it could be taken over."""
    assert load_plugins().find(kind, name).spec.reads is model_files  # type: ignore[arg-type]


def test_a_judge_reads_prompts_criteria_prices_and_the_models_that_run_here(tmp_path: Path) -> None:
    shipped = judge_files(model="gpt-4o-mini")
    assert shipped is not None
    assert [path.name for path in shipped] == ["judge"]
    for name in ("strict.sv.j2", "strict.en.j2", "part.j2"):
        (tmp_path / name).write_text("", encoding="utf-8")
    found = judge_files(
        model=["a", {"model": str(tmp_path / "m.gguf"), "backend": "server", "prices": "own.yaml"}],
        prompt=str(tmp_path / "strict"),
        criteria="c.yaml",
    )
    assert found is not None
    names = [path.name for path in found[1:]]
    assert names == ["c.yaml", "c.yaml", "own.yaml", "m.gguf", "part.j2", "strict.en.j2", "strict.sv.j2"]


def test_a_judge_whose_model_may_change_unseen_is_not_known(tmp_path: Path) -> None:
    assert judge_files(model="owner/name", backend="transformers") is None
    assert judge_files(model=["gpt-4o-mini", {"model": "owner/name", "backend": "transformers"}]) is None
    assert judge_files(model="owner/name") is not None  # a name on a server


@pytest.mark.parametrize("name", ["llm-judge", "llm-judge-ref", "llm-judge-pair", "llm-judge-wins", "llm-judge-rank-ref"])
def test_every_judge_says_what_it_reads(name: str) -> None:
    assert load_plugins().find("metric", name).spec.reads is judge_files
