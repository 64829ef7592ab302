"""What a plugin says that it reads, which opens one language model."""

from pathlib import Path

import pytest
from harness_plugins.judges.local_reads import model_files

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
