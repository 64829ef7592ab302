"""A converted model says what the model it was converted from says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ctranslate2", reason="needs metaeval-harness[translate-ctranslate2]")
pytest.importorskip("transformers", reason="needs metaeval-harness[translate-ctranslate2]")
pytest.importorskip("torch", reason="converting needs torch")

import ctranslate2
import tiny_seq2seq as tiny
from harness_plugins.datasets.translators.base import Translated, translator

from harness.errors import PluginError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def converted(folder: Path) -> Path:
    target = folder.with_name(f"{folder.name}-ct2")
    ctranslate2.converters.TransformersConverter(str(folder)).convert(str(target))
    return target


@pytest.mark.parametrize("family", ["marian", *(pytest.param(family, marks=pytest.mark.slow) for family in ("m2m100", "nllb"))])
def test_greedy_output_is_that_of_transformers(tmp_path: Path, family: str) -> None:
    languages = {"languages": ("swe", "dan")} if family == "marian" else {}
    folder = getattr(tiny, family)(tmp_path / family, **languages)
    texts = ["Hello world. How are you?\n\n- Write a story about a dog.\n1. List them!", "Hej", "", *tiny.SENTENCES]
    common = {"beams": 1, "max_ratio": 4.0}
    source = translator({"name": "seq2seq", "model": str(folder), **common}, "en", "sv")
    fast = translator(
        {
            "name": "ctranslate2",
            "model": str(converted(folder)),
            "tokenizer": str(folder),
            "compute_type": "float32",
            "threads": 1,
            **common,
        },
        "en",
        "sv",
    )
    found = fast.translate(texts)
    assert found == source.translate(texts)
    assert found == [fast.translate([text])[0] for text in texts]
    assert sum(each.text is not None for each in found) > len(texts) / 2
    assert fast.translate(["och " * 200]) == [Translated(None, "too-long")]


def test_what_is_lacking_is_told(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no folder"):
        translator({"name": "ctranslate2", "model": str(tmp_path / "x")}, "en", "sv")
    with pytest.raises(PluginError, match="ct2-transformers-converter"):
        translator({"name": "ctranslate2", "model": str(tmp_path)}, "en", "sv")
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(PluginError, match="tokenizer_config"):
        translator({"name": "ctranslate2", "model": str(tmp_path)}, "en", "sv")
