"""Generation and log-likelihoods of choices beside lm-eval's own Hugging Face model, at the best of its batch sizes.

python benchmarks/generation.py [--model smollm2] [--prompts 96] [--tokens 128] [--passages 16] [--batch-sizes 16 32 64]
                                [--rounds 2] [--only generation|choices] [--auto] [--write]

Both get the same requests (lm-eval's), in one process, on the CPU with all cores. The sweep takes lm-eval through its batch sizes
once; the best then takes turns with the engine. Outputs are compared first: the same texts (but where two tokens are as likely to
the last digits), the same log-likelihoods. `--auto` adds lm-eval's batch_size="auto", which first tries 64 rows of the model's
full length: minutes on a CPU before the first answer. `--model`: a folder, a GGUF file, or `smollm2` (SmolLM2-135M-Instruct,
restored from 4 bits; about a minute when first used).
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from side_by_side import Measured, line, version, write

COUNTRIES = [
    "Sweden",
    "Norway",
    "Finland",
    "Denmark",
    "Iceland",
    "France",
    "Spain",
    "Italy",
    "Poland",
    "Greece",
    "Turkey",
    "Egypt",
    "Kenya",
    "Japan",
    "India",
    "Peru",
]
THINGS = [
    "animals",
    "fruits",
    "rivers",
    "colours",
    "tools",
    "sports",
    "planets",
    "birds",
    "trees",
    "metals",
    "drinks",
    "cities",
    "insects",
    "games",
    "songs",
    "books",
]
LEADS = [
    "I am preparing a quiz for my friends.",
    "Please help me with this.",
    "We talked about it at dinner yesterday and nobody knew.",
    "My daughter asked me this morning on the way to school.",
    "I would like to use it in a short talk next week.",
]
WORDS = [
    "huset",
    "sjön",
    "vintern",
    "skogen",
    "arbetet",
    "barnen",
    "läraren",
    "staden",
    "bilen",
    "boken",
    "tiden",
    "vägen",
    "kvällen",
    "maten",
    "landet",
    "vännen",
    "går",
    "ligger",
    "ser",
    "hör",
    "bygger",
    "läser",
    "skriver",
    "väntar",
    "köper",
    "säljer",
    "växer",
    "faller",
    "bor",
    "vill",
    "kan",
    "ska",
    "stor",
    "liten",
    "gammal",
    "ny",
    "röd",
    "blå",
    "lång",
    "kort",
    "varm",
    "kall",
    "och",
    "men",
    "eller",
    "när",
    "där",
    "under",
    "över",
    "mellan",
    "efter",
    "före",
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the sweep and the rounds, prints a line for each, and keeps the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--prompts", type=int, default=96)
    parser.add_argument("--tokens", type=int, default=128, help="of an answer at most")
    parser.add_argument("--passages", type=int, default=16, help="each with four choices")
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[16, 32, 64])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=("generation", "choices"))
    parser.add_argument("--auto", action="store_true")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    given = parser.parse_args(arguments)
    sizes: list[int | str] = [*given.batch_sizes, *(["auto"] if given.auto else [])]
    ours, theirs = models(given.model)
    jobs, figures = [], []
    for name in ("generation", "choices"):
        if given.only in (None, name):
            requests = questions(ours, given.prompts, given.tokens) if name == "generation" else passages(given.passages)
            found, swept = compare(name, ours, theirs, requests, sizes, given.rounds)
            jobs.append(found)
            figures.append(swept)
            print(line(found), flush=True)
            print(f"{swept['job']}: {swept['value']}", flush=True)
    if given.write:
        write("generation", [asdict(one) for one in jobs], figures)


def models(name: str) -> tuple[Any, Callable[[int | str], Any]]:
    """The engine as lm-eval sees it, and lm-eval's HFLM of the same folder by batch size, loaded once."""
    from harness_plugins.generators.transformers_generator import TransformersGenerator
    from harness_plugins.judges.local_files import find_model
    from lm_eval.models.huggingface import HFLM

    from harness.cache import Cache

    folder = str(find_model(name, Cache(), gguf=True).folder)
    first = HFLM(pretrained=folder, device="cpu", dtype="float32", batch_size=1)

    def theirs(size: int | str) -> Any:
        first.batch_size_per_gpu = size
        return first

    return TransformersGenerator(folder, device="cpu", dtype="float32").lm_eval_model(), theirs


def questions(model: Any, number: int, tokens: int) -> list[Any]:
    """Chat prompts of unlike lengths, whatever is asked; answers are a word, a list, or as long as they may be."""
    from lm_eval.api.instance import Instance

    rng = random.Random(0)
    kinds = [
        lambda: f"What is the capital of {rng.choice(COUNTRIES)}? Answer in one word.",
        lambda: f"Is {rng.randint(2, 99)} larger than {rng.randint(2, 99)}? Answer yes or no.",
        lambda: f"Name three {rng.choice(THINGS)}, nothing else.",
        lambda: f"Write a story about {rng.choice(THINGS)} in {rng.choice(COUNTRIES)}.",
    ]
    texts = [" ".join([*rng.sample(LEADS, rng.randint(0, 3)), kinds[place % len(kinds)]()]) for place in range(number)]
    prompts = [model.apply_chat_template([{"role": "user", "content": text}]) for text in texts]
    how = {"until": ["\n\n\n"], "max_gen_toks": tokens, "do_sample": False}
    return [Instance("generate_until", {}, (prompt, dict(how)), place) for place, prompt in enumerate(prompts)]


def passages(number: int) -> list[Any]:
    """Four choices of one to six words after each passage of some hundred words, as in reading comprehension."""
    from lm_eval.api.instance import Instance

    rng = random.Random(1)

    def said(words: int) -> str:
        return " ".join(rng.choices(WORDS, k=words))

    found = []
    for place in range(number):
        context = f"{said(rng.randint(60, 140)).capitalize()}.\nFråga: Vad {said(6)}?\nSvar:"
        found += [Instance("loglikelihood", {}, (context, f" {said(rng.randint(1, 6))}"), place) for _ in range(4)]
    return found


def compare(
    name: str, ours: Any, theirs: Callable[[int | str], Any], requests: list[Any], sizes: Sequence[int | str], rounds: int
) -> tuple[Measured, dict[str, Any]]:
    """The engine beside lm-eval at its best batch size, and what each batch size took."""
    method = "generate_until" if name == "generation" else "loglikelihood"

    def run(model: Any) -> tuple[float, Any]:
        start = time.perf_counter()
        said = getattr(model, method)(requests, disable_tqdm=True)
        return time.perf_counter() - start, said

    swept = {size: run(theirs(size)) for size in sizes}
    best = min(sizes, key=lambda size: swept[size][0])
    first, said = run(ours)
    equality = same_texts(said, swept[best][1]) if name == "generation" else same_sums(said, swept[best][1])
    units, unit = (tokens_of(ours, said), "tokens") if name == "generation" else (len(requests), "requests")
    mine, other = [], []
    for number in range(rounds):
        for times, model in ((mine, ours), (other, theirs(best)))[:: 1 if number % 2 == 0 else -1]:
            times.append(run(model)[0])
    ratios = [theirs_took / ours_took for ours_took, theirs_took in zip(mine or [first], other or [swept[best][0]], strict=True)]
    measured = Measured(
        {"generation": "answers of mixed lengths", "choices": "log-likelihoods of choices that share a prefix"}[name],
        f"{version('lm-eval')} hf, batch_size={best}",
        units / statistics.median(mine or [first]),
        units / statistics.median(other or [swept[best][0]]),
        unit,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        2.0 if name == "generation" else 2.5,
        max(rounds, 1),
        equality,
        described(name, ours, requests, said),
    )
    rates = ", ".join(f"{size}: {units / seconds:.1f}" for size, (seconds, _) in swept.items())
    return measured, {"job": f"{measured.job}: lm-eval's hf by batch size", "value": f"{rates} {unit}/s"}


def same_texts(ours: list[str], theirs: list[str]) -> str:
    """How many answers are the same; AssertionError where many are not."""
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    assert same >= 0.9 * len(ours), f"only {same} of {len(ours)} answers are the same"
    return f"{same} of {len(ours)} answers the same"


def same_sums(ours: list[tuple[float, bool]], theirs: list[tuple[float, bool]]) -> str:
    """The largest difference; AssertionError above a hundredth of a nat."""
    apart = max(abs(one[0] - other[0]) for one, other in zip(ours, theirs, strict=True))
    assert apart < 0.01, f"log-likelihoods differ by {apart:.2g}"
    assert [one[1] for one in ours] == [other[1] for other in theirs], "which choices are the greedy ones differs"
    return f"largest difference {apart:.1g} nats"


def tokens_of(model: Any, texts: list[str]) -> int:
    """New tokens, the one that ends an answer left out."""
    return sum(len(model.tok_encode(text, add_special_tokens=False)) for text in texts)


def described(name: str, model: Any, requests: list[Any], said: list[Any]) -> str:
    """How long what was asked and said is."""
    prompts = [len(model.tok_encode(request.args[0])) for request in requests]
    if name == "choices":
        choices = [len(model.tok_encode(request.args[1], add_special_tokens=False)) for request in requests]
        return f"prefixes of {min(prompts)}–{max(prompts)} tokens, choices of {min(choices)}–{max(choices)}"
    answers = [tokens_of(model, [text]) for text in said]
    mean = statistics.mean(answers)
    return f"prompts of {min(prompts)}–{max(prompts)} tokens, answers of {min(answers)}–{max(answers)}, on average {mean:.0f}"


if __name__ == "__main__":
    main()
