"""Generation on a GPU beside lm-eval's own Hugging Face model, with random weights: no download, under 10 minutes.

python benchmarks/gpu_generation.py [--device cuda] [--prompts 2048] [--tokens 256] [--batch-sizes 64 128 256 512 auto]
                                    [--vllm] [--tiny]

A Llama of 1.2 billion random weights in bfloat16 (`--tiny`: one that runs on a CPU in seconds) goes on from prompts of 20 to
400 tokens. One token in a hundred of its vocabulary ends an answer, so that lengths differ as those of real answers do. Both
get the same requests of lm-eval. lm-eval is taken through its batch sizes on an eighth of the prompts (at least two batches);
its best and the engine do all of them. Prints new tokens a second, the ratio, and how many answers are the same (in bfloat16
two tokens are often as likely, and batches of other shapes round otherwise, in lm-eval too). Choices that share a prefix are
timed in the same way. `--vllm` adds vLLM, where it is installed. Exits with 1 where the ratio of generation is below 3.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDS = 32_000
SIZES = {"layers": 16, "width": 2048, "inner": 8192, "heads": 32, "key_heads": 8, "positions": 2048}
TINY = {"layers": 2, "width": 64, "inner": 128, "heads": 4, "key_heads": 2, "positions": 512}
ENDS = 0.01  # of the vocabulary


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the model, runs both, prints what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--prompts", type=int, default=2048)
    parser.add_argument("--tokens", type=int, default=256, help="of an answer at most")
    parser.add_argument("--passages", type=int, default=512, help="each with four choices")
    parser.add_argument("--batch-sizes", nargs="+", default=["64", "128", "256", "512", "auto"])
    parser.add_argument("--vllm", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="a tiny model in float32 on the CPU, a few prompts: does it run?")
    given = parser.parse_args(arguments)
    if given.tiny:
        given.device, given.prompts, given.tokens, given.passages, given.batch_sizes = "cpu", 24, 24, 6, ["4", "8"]
    check_device(given.device)
    with tempfile.TemporaryDirectory() as folder:
        path = make_model(Path(folder) / "model", TINY if given.tiny else SIZES, given.device, tiny=given.tiny)
        print(f"{path[1] / 1e9:.2f} billion weights, {path[2]}, on {device_name(given.device)}", flush=True)
        ratio = run(path[0], given)
        if given.vllm:
            run_vllm(path[0], given)
    if ratio < 3 and not given.tiny:
        sys.exit(f"generation is {ratio:.2f} times lm-eval's best, wanted at least 3")


def run(folder: Path, given: argparse.Namespace) -> float:
    """Both jobs; the ratio of generation."""
    from harness_plugins.generators.transformers_generator import TransformersGenerator
    from lm_eval.models.huggingface import HFLM

    dtype = "float32" if given.tiny else "bfloat16"
    longest = TINY["positions"] if given.tiny else SIZES["positions"]
    ours = TransformersGenerator(str(folder), device=given.device, dtype=dtype).lm_eval_model(max_length=longest)
    theirs = HFLM(pretrained=ours.model, tokenizer=ours.tokenizer, batch_size=1, max_length=longest, max_batch_size=512)

    def sized(size: str) -> Any:
        theirs.batch_size_per_gpu = size if size == "auto" else int(size)
        return theirs

    jobs = {"generate_until": questions(given.prompts, given.tokens, longest), "loglikelihood": passages(given.passages, longest)}
    ratios = []
    for method, requests in jobs.items():
        timed(method, ours, requests[:8])  # warms the device up
        timed(method, sized("1"), requests[:2])
        swept = {
            size: timed(method, sized(size), part(requests, size))[0] / len(part(requests, size)) for size in given.batch_sizes
        }
        for size, seconds in swept.items():
            print(f"  lm-eval hf, batch_size={size}: {1 / seconds:.2f} requests/s", flush=True)
        best = min(swept, key=lambda size: swept[size])
        mine, said = timed(method, ours, requests)
        other, heard = timed(method, sized(best), requests)
        ratios.append(other / mine)
        unit, units = (
            ("tokens", sum(len(text.split()) for text in said)) if method == "generate_until" else ("requests", len(said))
        )
        print(
            f"{method}: {other / mine:.2f} × lm-eval hf (batch_size={best}); "
            f"{units / mine:,.0f} against {units / other:,.0f} {unit}/s; {likeness(method, said, heard)}",
            flush=True,
        )
    return ratios[0]


def part(requests: Sequence[Any], size: str) -> Sequence[Any]:
    """What a batch size is tried on: an eighth, at least two batches."""
    wanted = max(len(requests) // 8, 2 * (512 if size == "auto" else int(size)))
    step = max(1, len(requests) // min(wanted, len(requests)))
    return requests[::step]


def timed(method: str, model: Any, requests: Sequence[Any]) -> tuple[float, Any]:
    """Seconds, and what was said."""
    import torch

    start = time.perf_counter()
    said = getattr(model, method)(list(requests), disable_tqdm=True)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start, said


def run_vllm(folder: Path, given: argparse.Namespace) -> None:
    """vLLM on the same prompts: what a GPU can do."""
    from harness_plugins.generators.vllm_generator import VllmGenerator

    from harness import Example

    longest = SIZES["positions"]
    model = VllmGenerator(
        str(folder), style="plain", max_new_tokens=given.tokens, dtype="bfloat16", engine={"max_model_len": longest}
    )
    texts = [request.args[0] for request in questions(given.prompts, given.tokens, longest)]
    examples = [Example.from_instruction(f"e/{number}", text, language="und") for number, text in enumerate(texts)]
    list(model.generate(examples[:8]))
    start = time.perf_counter()
    outputs = list(model.generate(examples))
    seconds = time.perf_counter() - start
    print(f"vllm: {sum(output.tokens_out or 0 for output in outputs) / seconds:,.0f} tokens/s")


def questions(number: int, tokens: int, longest: int) -> list[Any]:
    """Requests of 20 to 400 words, each a token."""
    from lm_eval.api.instance import Instance

    rng = random.Random(0)
    how = {"until": [], "max_gen_toks": tokens, "do_sample": False}
    texts = [said(rng, rng.randint(20, min(400, longest - tokens - 1))) for _ in range(number)]
    return [Instance("generate_until", {}, (text, dict(how)), place) for place, text in enumerate(texts)]


def passages(number: int, longest: int) -> list[Any]:
    """Four choices of one to eight words after each passage of 100 to 400."""
    from lm_eval.api.instance import Instance

    rng = random.Random(1)
    found = []
    for place in range(number):
        context = said(rng, rng.randint(100, min(400, longest - 10)))
        found += [Instance("loglikelihood", {}, (context, " " + said(rng, rng.randint(1, 8))), place) for _ in range(4)]
    return found


def said(rng: random.Random, words: int) -> str:
    """Words that are tokens."""
    return " ".join(f"w{rng.randrange(int(WORDS * ENDS) + 3, WORDS)}" for _ in range(words))


def likeness(method: str, ours: list[Any], theirs: list[Any]) -> str:
    """How alike the two are."""
    if method == "generate_until":
        same = sum(one == other for one, other in zip(ours, theirs, strict=True))
        lengths = sorted(len(text.split()) for text in ours)
        return (
            f"{same} of {len(ours)} answers the same; lengths {lengths[0]}–{lengths[-1]}, mean {sum(lengths) / len(lengths):.0f}"
        )
    apart = sorted(abs(one[0] - other[0]) / max(1.0, abs(other[0])) for one, other in zip(ours, theirs, strict=True))
    return f"largest relative difference {apart[-1]:.1g}"


def make_model(folder: Path, sizes: dict[str, int], device: str, *, tiny: bool) -> tuple[Path, int, str]:
    """A Llama of random weights in a transformers folder, its number of weights and their type; tokens are words."""
    import json

    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    folder.mkdir()
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"w{number}": number for number in range(3, WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"eos_token": "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **names}))
    set_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=sizes["width"],
        intermediate_size=sizes["inner"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        num_key_value_heads=sizes["key_heads"],
        max_position_embeddings=sizes["positions"],
        initializer_range=0.1,  # with less, the likeliest token hardly depends on the text
        bos_token_id=1,
        eos_token_id=2,
    )
    dtype = torch.float32 if tiny else torch.bfloat16
    with torch.device(device):
        model = LlamaForCausalLM(config).to(dtype)
    model.generation_config.eos_token_id = [2, *range(3, 3 + int(WORDS * ENDS))]
    model.generation_config.pad_token_id = 2
    model.save_pretrained(folder)
    return folder, model.num_parameters(), str(dtype).removeprefix("torch.")


def check_device(device: str) -> None:
    """Ends the script where torch has no such device."""
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no GPU here; --tiny shows that the script runs")


def device_name(device: str) -> str:
    """The GPU's name."""
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


if __name__ == "__main__":
    main()
