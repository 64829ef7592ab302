"""BERTScore on a GPU with random weights: are the scores those of the CPU, and how fast is it? Minutes; needs no download.

python benchmarks/gpu_bertscore.py [--device cuda|cpu] [--layers 12] [--pairs 2000]

Prints the largest difference from the CPU in float32 and from float32 in bfloat16, and pairs per second. Exits with 1 when
float32 on the device differs from the CPU by more than 1e-4.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyzåäö"


def main() -> None:
    """Makes an encoder and pairs of random words, and scores them on both devices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=2000)
    arguments = parser.parse_args()
    check_device(arguments.device)
    units = make_units(arguments.pairs)
    with tempfile.TemporaryDirectory() as folder:
        encoder = make_encoder(Path(folder) / "encoder", arguments.layers)
        runs = {
            "cpu float32": score(units, encoder, "cpu", "float32", folder),
            f"{arguments.device} float32": score(units, encoder, arguments.device, "float32", folder),
            f"{arguments.device} bfloat16": score(units, encoder, arguments.device, "bfloat16", folder),
        }
    first = runs["cpu float32"][0]
    print(f"{arguments.pairs} pairs of 5 to 40 words, {arguments.layers} layers of 768 dimensions, random weights")
    for name, (values, seconds) in runs.items():
        difference = max(abs(a - b) for a, b in zip(first, values, strict=True))
        print(f"{name:16s} {arguments.pairs / seconds:9.1f} pairs/s   largest difference from the CPU {difference:.2e}")
        if name.endswith("float32") and difference > 1e-4:
            sys.exit(f"{name} differs from the CPU by {difference:.2e}, more than 1e-4")


def check_device(device: str) -> None:
    """Ends the script where torch has no such device."""
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no GPU here; --device cpu shows that the script runs")


def make_units(number: int) -> list:
    """Units whose answers share some words with their references."""
    from harness import Example, Output, Unit

    rng = random.Random(0)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(2, 9))) for _ in range(2000)]
    units = []
    for index in range(number):
        reference = rng.choices(words, k=rng.randint(5, 40))
        answer = [word if rng.random() < 0.7 else rng.choice(words) for word in reference]
        example = Example.from_instruction(f"random/{index}", "Skriv.", [" ".join(reference)], language="sv")
        output = Output(id=f"random/{index}/a", example_id=example.id, system="a", text=" ".join(answer))
        units.append(Unit(example, (output,)))
    return units


def make_encoder(folder: Path, layers: int) -> Path:
    """A BERT of random weights in a transformers folder; its tokens are letters and pairs of letters."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, set_seed

    folder.mkdir()
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS]
    tokens += [f"##{letter}" for letter in LETTERS] + [f"##{a}{b}" for a in LETTERS for b in LETTERS]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **names}))
    set_seed(0)
    BertModel(BertConfig(vocab_size=len(vocabulary), num_hidden_layers=layers)).save_pretrained(folder)
    return folder


def score(units: list, encoder: Path, device: str, dtype: str, folder: str) -> tuple[list[float], float]:
    """F1 of every unit and the seconds taken, with an empty cache; the first few units warm the device up."""
    from harness.plugins import load_plugins
    from harness.registry import PluginRef

    os.environ["HARNESS_CACHE"] = str(Path(folder) / f"cache-{device}-{dtype}")
    params = {"encoder": str(encoder), "device": device, "dtype": dtype}
    metric = load_plugins().build("metric", PluginRef("bertscore", params))
    metric.score(units[:8])
    start = time.perf_counter()
    results = metric.score(units)
    return [result.value for result in results], time.perf_counter() - start


if __name__ == "__main__":
    main()
