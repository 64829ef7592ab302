"""Models of a board: told apart by their files, checkpoints found by name, secrets kept out of run folders."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from tiny_models import tiny_llama
from toy_lm_eval import NAME, Calls, register_toy

from harness.cache import Cache
from harness.errors import ConfigError, InputError, MissingExtra
from harness.leaderboard.config import BoardModel, BoardTask, LeaderboardConfig
from harness.leaderboard.models import ReadyModel, ready_model
from harness.registry import PluginRef, Registry


@pytest.fixture(autouse=True)
def _toy() -> None:
    register_toy(Calls())


def ready(tmp_path: Path, model: str = NAME, trainings: str | None = None, **params: Any) -> ReadyModel:
    one = BoardModel(name="m", by="lm_eval", plugin=PluginRef(model, params))
    config = LeaderboardConfig(name="b", models=(one,), tasks=(BoardTask(name="t"),), trainings=trainings, output="unused")
    with Cache(tmp_path / "cache") as cache:
        return ready_model(one, config, Registry(), cache)


def folder(path: Path, weights: bytes = b"abcd") -> Path:
    """A model of one tensor of 2 by 3."""
    path.mkdir(parents=True)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + weights * 6)
    (path / "config.json").write_text("{}")
    return path


def test_a_model_is_its_files_wherever_they_lie(tmp_path: Path) -> None:
    one, copy = folder(tmp_path / "a"), folder(tmp_path / "b")
    first, second = ready(tmp_path, voice=str(one)), ready(tmp_path, voice=str(copy))
    assert first.signature == second.signature
    assert first.pinned
    assert first.info.parameters == 6
    other = ready(tmp_path, voice=str(folder(tmp_path / "c", b"abce")))
    assert other.signature != first.signature
    (one / "tokenizer.json").write_text("{}")
    assert ready(tmp_path, voice=str(one)).signature != first.signature


def test_settings_that_change_replies_change_the_signature_and_the_others_do_not(tmp_path: Path) -> None:
    plain = ready(tmp_path, voice="a").signature
    assert ready(tmp_path, voice="a", batch_size=4, device="cpu").signature == plain
    assert ready(tmp_path, voice="a", dtype="bfloat16").signature != plain
    assert not ready(tmp_path, voice="a").pinned


def test_a_training_is_found_by_name_and_its_files_are_checked(tmp_path: Path) -> None:
    home = tmp_path / "run" / "checkpoints"
    weights = folder(home / "tuned" / "final") / "model.safetensors"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    record = {"name": "tuned", "trainer": "t", "params": {}, "stage": "s", "checkpoint": "tuned/final"}
    record |= {"files": {"model.safetensors": digest}, "examples": {}}
    (home / "tuned.json").write_text(json.dumps(record))
    found = ready(tmp_path, trainings=str(tmp_path / "run"), voice="train:tuned")
    assert found.info.training == "tuned"
    assert found.info.arguments == {"voice": str(home / "tuned" / "final")}
    weights.write_bytes(b"cut")
    with pytest.raises(InputError, match="is not what the training wrote"):
        ready(tmp_path, trainings=str(tmp_path / "run"), voice="train:tuned")
    with pytest.raises(InputError, match="no finished training called 'other'"):
        ready(tmp_path, trainings=str(tmp_path / "run"), voice="train:other")


@pytest.mark.parametrize("params", [{"api_key": "x"}, {"header": {"Authorization": "x"}}, {"openai_api_key": "x"}])
def test_secrets_are_refused(tmp_path: Path, params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="would be written into the run folder; set it in the environment"):
        ready(tmp_path, **params)


def test_code_beside_a_model_is_never_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trust_remote_code"):
        ready(tmp_path, trust_remote_code=True)


def test_a_package_that_is_absent_is_told_with_the_line_that_installs_it(tmp_path: Path) -> None:
    from lm_eval.api.registry import model_registry

    def absent(*args: Any, **kwargs: Any) -> None:
        raise ModuleNotFoundError("No module named 'vllm'", name="vllm")

    model_registry._objs[NAME] = type("Absent", (model_registry._objs[NAME],), {"create_from_arg_obj": absent})
    with pytest.raises(MissingExtra, match="needs the package 'vllm'"):
        ready(tmp_path).open()


def test_a_model_is_on_the_cpu_where_no_gpu_is_unless_a_device_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from lm_eval.api.registry import model_registry

    class OnGpu(model_registry._objs[NAME]):  # type: ignore[name-defined,misc]  # the toy, with the default of lm-eval's `hf`
        def __init__(self, device: str = "cuda", **settings: Any) -> None:
            super().__init__(**settings)
            self.place = device

    class Handing(OnGpu):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)

    for kind in (OnGpu, Handing):
        model_registry._objs[NAME] = kind
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert ready(tmp_path).open().place == "cpu"
        assert ready(tmp_path, device="cuda:1").open().place == "cuda:1"
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        assert ready(tmp_path).open().place == "cuda"


def test_a_tiny_model_is_opened_by_the_engine_that_is_there_without_a_word(tmp_path: Path) -> None:
    """lm-eval's `hf` with nothing but a folder, as a plain name in a config gives it."""
    pytest.importorskip("transformers", reason="needs metaeval-harness[leaderboard]")
    opened = ready(tmp_path, "hf", pretrained=str(tiny_llama(tmp_path / "tiny"))).open()
    assert opened.device.type in ("cpu", "cuda")
