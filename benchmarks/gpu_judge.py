"""A judge in this process on a GPU, with random weights: are its probabilities those of the CPU, and how fast is it? No download.

python benchmarks/gpu_judge.py [--device cuda|cpu] [--layers 8] [--width 1024] [--prompts 256] [--single 16]

Every prompt begins with the same instruction, as a judge's do. Prints verdicts a second for float32 on the CPU, and float32
and bfloat16 on the device, with the largest difference of a choice's probability from the CPU's, and verdicts a second of prompts
taken one by one (the first `--single` of them). Exits with 1 when float32 differs by more than 1e-3.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyzåäö0123456789 .,:\n"
CHOICES = tuple(str(value) for value in range(1, 11))  # 10 begins with 1, and takes a second token
TEMPLATE = "{% for message in messages %}<s>{{ message['content'] }}</s>{% endfor %}<s>"


def main() -> None:
    """Makes a model and prompts of random words, and judges them on both devices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--width", type=int, default=1024, help="dimensions, a multiple of 64")
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--single", type=int, default=16, help="prompts that are also taken one by one")
    arguments = parser.parse_args()
    check_device(arguments.device)
    requests = make_requests(arguments.prompts)
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder) / "model", arguments.layers, arguments.width)
        kinds = [("cpu", "float32", None), (arguments.device, "float32", None), (arguments.device, "bfloat16", None)]
        runs = {
            f"{device} {dtype}": judge(requests, model, device, dtype, Path(folder) / str(number), tokens)
            for number, (device, dtype, tokens) in enumerate(kinds)
        }
        one_by_one = judge(requests[: arguments.single], model, arguments.device, "float32", Path(folder) / "single", 1)
    print(f"{arguments.prompts} prompts, {len(CHOICES)} choices, {arguments.layers} layers of {arguments.width}, random weights")
    first = runs["cpu float32"][0]
    for name, (values, seconds) in {**runs, "one by one": one_by_one}.items():
        difference = farthest(first, values)
        print(f"{name:16s} {len(values) / seconds:9.1f} verdicts/s   largest difference from the CPU {difference:.2e}")
        if name.endswith("float32") and difference > 1e-3:
            sys.exit(f"{name} differs from the CPU by {difference:.2e}, more than 1e-3")


def check_device(device: str) -> None:
    """Ends the script where torch has no such device."""
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no GPU here; --device cpu shows that the script runs")


def make_requests(number: int) -> list:
    """Requests of one instruction of 400 signs and texts of 5 to 40 words."""
    from harness.chat.messages import Request

    rng = random.Random(0)
    words = ["".join(rng.choices(LETTERS[:29], k=rng.randint(2, 9))) for _ in range(2000)]
    instruction = " ".join(rng.choices(words, k=60))[:400]
    texts = [" ".join(rng.choices(words, k=rng.randint(5, 40))) for _ in range(number)]
    return [Request(messages=(("user", f"{instruction}\n{text}\n{index}"),), choices=CHOICES) for index, text in enumerate(texts)]


def make_model(folder: Path, layers: int, width: int) -> Path:
    """A Llama of random weights in a transformers folder; its tokens are letters, digits and marks."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    folder.mkdir()
    vocabulary = {token: index for index, token in enumerate(["<unk>", "<s>", "</s>", *LETTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"eos_token": "</s>", "unk_token": "<unk>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **names}))
    set_seed(0)
    config = LlamaConfig(
        vocab_size=32000,  # as of real models: most of a batch's memory is what it says of each token of these
        hidden_size=width,
        intermediate_size=width * 4,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        max_position_embeddings=2048,
        initializer_range=1 / math.sqrt(width),
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def judge(
    requests: list, model: Path, device: str, dtype: str, folder: Path, batch_tokens: int | None
) -> tuple[list[dict[str, float]], float]:
    """The choices' probabilities of every request and the seconds taken; other requests warm the device up."""
    from harness_plugins.judges.local_transformers import TransformersModel

    from harness.cache import Cache
    from harness.chat.store import ReplyStore

    local = TransformersModel(
        model, device=device, dtype=dtype, batch_tokens=batch_tokens, store=ReplyStore(folder), cache=Cache(folder)
    )
    local.ask([type(request)(messages=request.messages, choices=CHOICES, sample=1) for request in requests[:4]])
    start = time.perf_counter()
    replies = local.ask(requests)
    seconds = time.perf_counter() - start
    return [{choice: math.exp(value) for choice, value in reply.tokens[0].top} for reply in replies], seconds


def farthest(first: list[dict[str, float]], second: list[dict[str, float]]) -> float:
    """The largest difference of a choice's probability."""
    pairs = zip(first[: len(second)], second, strict=True)
    return max(abs(one[choice] - other[choice]) for one, other in pairs for choice in CHOICES)


if __name__ == "__main__":
    main()
