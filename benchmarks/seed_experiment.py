"""Does tuning on Swedish instructions help on held-out ones? The seed's experiment in small, with its positive control.

python benchmarks/seed_experiment.py FOLDER [--stage prepare|train|score] [--seeds 3] [--items 60] [--examples 80] [--write]

After Holmström & Doostmohammadi (NoDaLiDa 2023): a model tuned on Swedish instructions against itself untuned. The test items are
of one family (mctaco) and held out by family and by passage:

- `unseen`: tuned on machine-translated unnatural instructions, another family altogether; what the paper asks;
- `control`: tuned on the test's own family, on other passages; this has to help, or the experiment shows nothing;
- `template`, `translated`, `natural`: the three builders' rows at equal answer tokens, one seed each. With so few rows, and
  with a tiny model as the writer of `natural`, this shows that the plumbing holds and is no evidence for or against a builder.

Training and answering go through `harness train` and `harness generate`; a stopped experiment goes on. Everything was fixed
before the first answer was looked at: the learning rate and the number of epochs are not tuned on anything.
"""

import argparse
import hashlib
import json
import math
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from harness.experiment import read_examples
from harness.meta.significance import holm, sign_flip
from harness.plugins import load_plugins
from harness.protocols import Unit
from harness.records import Example, Output, to_json
from harness.registry import PluginRef, Registry
from harness.store import read_table, table_path

RESULTS = Path(__file__).parent / "results" / "seed_experiment.json"
_SENTENCE = re.compile(r"\bMening\s*:\s*(.+)")
_TRAINER = {
    "base": "smollm2",
    "style": "chat",
    "epochs": 2.0,
    "batch": 8,
    "batch_tokens": 2048,
    "learning_rate": 1e-4,
    "max_length": 640,
}
_GENERATOR = {"style": "chat", "max_new_tokens": 64}
METRICS = ("rouge-l", "chrf", "bertscore")
SEEDED, ONCE = ("unseen", "control"), ("template", "translated", "natural")
_RESAMPLES = 10_000
_CHARACTERS = 1_200  # of each Talbanken document, for perplexity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stage", choices=("prepare", "train", "score"), action="append", help="only these (default: all)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--items", type=int, default=60, help="test items, each of another passage")
    parser.add_argument("--examples", type=int, default=80, help="training examples of the control")
    parser.add_argument("--three", type=Path, help="the folder of `harness build sv-three-ways`, for the three builders")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {RESULTS.name}")
    given = parser.parse_args()
    stages = given.stage or ["prepare", "train", "score"]
    if "prepare" in stages:
        prepare(given.folder, given.items, given.examples, given.three, given.seeds)
    conditions = [name for name in (*SEEDED, *ONCE) if (given.folder / f"{name}.yaml").is_file()]
    if "train" in stages:
        for name in conditions:
            for command in ("train", "generate"):
                subprocess.run([sys.executable, "-m", "harness", command, str(given.folder / f"{name}.yaml")], check=True)
    if "score" in stages:
        found = compare(given.folder, conditions)
        print(table(found))
        if given.write:
            RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def prepare(folder: Path, items: int, examples: int, three: Path | None, seeds: int) -> None:
    """Writes each condition's examples and config. Test items are the same in all of them."""
    registry = load_plugins()
    natural = list(registry.build("dataset builder", PluginRef("instructions", {"data": "sweinstruct-natural"})).examples())
    unnatural = list(registry.build("dataset builder", PluginRef("instructions", {"data": "sweinstruct-unnatural"})).examples())
    family = [one for one in natural if isinstance(one, Example) and passage_of(one)]
    test, control = held_out(family, items, examples)
    passages = {passage_of(one) for one in test}
    other = [one for one in unnatural if isinstance(one, Example)]
    leaking = [one.id for one in (*other, *control) if any(str(passage) in (one.instruction or "") for passage in passages)]
    assert not leaking, f"these training examples hold test passages: {leaking}"
    taught: dict[str, list[Example]] = {"unseen": other, "control": control}
    if three is not None:
        rows = [one for one in read_examples(three) if one.split in (None, "train") and one.references]
        builders = {
            name: [one for one in rows if one.origin and one.origin.builder == plugin] for name, plugin in _BUILDERS.items()
        }
        budget = min(1_600, *(sum(map(_answer_length, kept)) for kept in builders.values()))
        taught |= {name: _up_to(kept, budget) for name, kept in builders.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in taught.items():
        told = [*(_with(one, split="train", references=first_line(one)) for one in rows)]
        told += [_with(one, split="test", references=lines(one), cluster_id=_hash(str(passage_of(one)))) for one in test]
        (folder / f"{name}.jsonl").write_bytes(b"".join(to_json(one) + b"\n" for one in told))
        numbers = range(seeds if name in SEEDED else 1)
        config = {
            "name": name,
            "examples": str((folder / f"{name}.jsonl").resolve()),
            # the tasks' definitions are alike on purpose; that no passage is shared is seen to above
            "hold_out": False,
            "train": [{"name": f"{name}-{seed}", "trainer": {"sft": {**_TRAINER, "seed": seed}}} for seed in numbers],
            "generate": {
                "split": "test",
                "systems": [
                    {"name": "untuned", "generator": {"transformers": {"model": "smollm2", **_GENERATOR}}},
                    *(
                        {"name": f"{name}-{seed}", "generator": {"transformers": {"model": f"train:{name}-{seed}", **_GENERATOR}}}
                        for seed in numbers
                    ),
                ],
            },
            "output": str((folder / name).resolve()),
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
        print(f"{name}: {len(rows)} training examples, {len(test)} test items of {len(passages)} passages")


_BUILDERS = {"template": "template", "translated": "translate", "natural": "natural"}


def held_out(family: Sequence[Example], items: int, examples: int) -> tuple[list[Example], list[Example]]:
    """Test items, no two of one passage and as many of each task; and training examples of passages that no test item has."""
    by_task: dict[str, list[Example]] = defaultdict(list)
    for one in sorted(family, key=lambda one: _hash(str(passage_of(one)) + one.id)):
        by_task[(one.instruction or "").split("\n")[1]].append(one)
    test: list[Example] = []
    used: set[str | None] = set()
    for round_ in range(max(map(len, by_task.values()))):
        for rows in by_task.values():
            if len(test) < items and round_ < len(rows) and passage_of(rows[round_]) not in used:
                used.add(passage_of(rows[round_]))
                test.append(rows[round_])
    left = {task: [one for one in rows if passage_of(one) not in used] for task, rows in by_task.items()}
    control = [rows[round_] for round_ in range(max(map(len, left.values()))) for rows in left.values() if round_ < len(rows)]
    return test, control[:examples]


def passage_of(example: Example) -> str | None:
    """The sentence that a mctaco item is about, None for other families."""
    found = _SENTENCE.search(example.instruction or "")
    return None if found is None else " ".join(found[1].split())


def lines(example: Example) -> tuple[str, ...]:
    """Every answer that the set holds: one a line."""
    return tuple(dict.fromkeys(line.strip() for line in example.references[0].splitlines() if line.strip()))


def first_line(example: Example) -> tuple[str, ...]:
    """The first answer of a mctaco item; the whole answer of any other."""
    return lines(example)[:1] if passage_of(example) else example.references[:1]


def compare(folder: Path, conditions: Sequence[str]) -> dict[str, Any]:
    """Every condition against the untuned model: means, paired differences over test passages, and perplexity."""
    registry = load_plugins()
    rows: list[dict[str, Any]] = []
    perplexity: dict[str, dict[str, float]] = {}
    facts: dict[str, Any] = {}
    empty: dict[str, dict[str, int]] = {}
    for name in conditions:
        run = folder / name
        examples = {one.id: one for one in read_table(table_path(run, "examples"), Example)}
        outputs = list(read_table(table_path(run, "outputs"), Output))
        systems = sorted({one.system for one in outputs} - {"untuned"})
        empty[name] = {one: sum(not (o.text or "").strip() for o in outputs if o.system == one) for one in ("untuned", *systems)}
        for metric in METRICS:
            scores = scored(registry, metric, examples, outputs)
            base = np.array([scores["untuned", one] for one in examples])
            tuned = np.array([[scores[system, one] for one in examples] for system in systems])
            rows.append({"condition": name, "metric": metric, **compared(base, tuned)})
        for system in systems:
            record = json.loads((run / "checkpoints" / f"{system}.json").read_bytes())
            facts[system] = {
                key: record["facts"].get(key) for key in ("steps", "learned_tokens", "read_tokens", "tokens_per_second")
            }
            perplexity[system] = perplexities(str(run / "checkpoints" / record["checkpoint"]))
    perplexity["untuned"] = perplexities("smollm2")
    seeded = [row for row in rows if row["condition"] in SEEDED]
    for row, p in zip(seeded, holm([row["p"] for row in seeded]), strict=True):
        row["p_holm"] = p
    return {
        "rows": rows,
        "perplexity": against(perplexity),
        "facts": facts,
        "empty_answers": empty,
        "trainer": _TRAINER,
        "generator": _GENERATOR,
    }


def scored(
    registry: Registry, metric: str, examples: dict[str, Example], outputs: Iterable[Output]
) -> dict[tuple[str, str], float]:
    """The metric's score by system and example."""
    built = registry.build("metric", PluginRef(metric, {}))
    if hasattr(built, "prepare"):
        built.prepare(list(examples.values()))
    units = [Unit(examples[one.example_id], (one,)) for one in outputs]
    found: dict[tuple[str, str], float] = {}
    for unit, result in zip(units, built.score(units), strict=True):
        value = result if isinstance(result, float) else result.value
        # an empty answer has no score of its own; the field counts it as nothing right
        found[unit.output.system, unit.example.id] = 0.0 if value is None else float(value)
    return found


def compared(base: np.ndarray[Any, Any], tuned: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Tuned (seeds, items) against untuned (items): the mean over seeds, its interval over items, a sign-flip test over items."""
    difference = tuned.mean(0) - base
    draws = np.random.default_rng(0).integers(0, len(base), (_RESAMPLES, len(base)))
    low, high = np.percentile(difference[draws].mean(1), [2.5, 97.5])
    return {
        "items": len(base),
        "seeds": len(tuned),
        "untuned": float(base.mean()),
        "tuned": float(tuned.mean()),
        "difference": float(difference.mean()),
        "low": float(low),
        "high": float(high),
        "by_seed": [float(one) for one in (tuned - base).mean(1)],
        "p": float(np.atleast_1d(sign_flip(difference[:, None], _RESAMPLES, 0))[0]),
    }


def perplexities(model: str) -> dict[str, float]:
    """The negative log-likelihood per character (nats) of the beginning of each Talbanken document."""
    import torch
    from harness_plugins.judges.local_files import find_model, load_model, load_tokenizer

    from harness.cache import Cache
    from harness.data import data_home

    files = sorted((data_home() / "ud-swedish-talbanken").rglob("*test*.conllu"))
    documents = [text[:_CHARACTERS] for text in _documents(files[0].read_text(encoding="utf-8"))]
    with Cache() as cache:
        base = find_model(model, cache, gguf=True)
    tokenizer, loaded = load_tokenizer(base), load_model(base, "cpu", "float32")
    found = {}
    for number, text in enumerate(documents):
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)]])
        with torch.inference_mode():
            logits = loaded(ids).logits[0, :-1].double().log_softmax(-1)
        total = -float(logits.gather(-1, ids[0, 1:, None]).sum())
        found[f"{number:02}"] = total / len(text)
    return found


def against(by_system: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Perplexity per character of every system, and its ratio to the untuned model's with an interval over documents."""
    base = np.array(list(by_system["untuned"].values()))
    rows = []
    for system, values in sorted(by_system.items()):
        own = np.array([values[key] for key in by_system["untuned"]])
        draws = np.random.default_rng(0).integers(0, len(base), (_RESAMPLES, len(base)))
        low, high = np.percentile(np.exp((own - base)[draws].mean(1)), [2.5, 97.5])
        rows.append(
            {
                "system": system,
                "perplexity": math.exp(own.mean()),
                "ratio": math.exp((own - base).mean()),
                "low": float(low),
                "high": float(high),
                "documents": len(base),
            }
        )
    return rows


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    told = [
        "| tuned on | metric | n | untuned | tuned (mean over seeds) | difference [95 %] | by seed | p (Holm) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        p = f"{row['p_holm']:.4f}" if "p_holm" in row else "not evidence"
        seeds = " ".join(f"{one:+.3f}" for one in row["by_seed"])
        told.append(
            f"| {row['condition']} | {row['metric']} | {row['items']} × {row['seeds']} "
            f"| {row['untuned']:.3f} | {row['tuned']:.3f} "
            f"| {row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] | {seeds} | {p} |"
        )
    told += ["", "| system | perplexity per character | ratio to untuned [95 %] | documents |", "|---|---|---|---|"]
    for row in found["perplexity"]:
        told.append(
            f"| {row['system']} | {row['perplexity']:.3f} "
            f"| {row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | {row['documents']} |"
        )
    return "\n".join(told)


def _documents(text: str) -> list[str]:
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("# newdoc"):
            found.append([])
        elif line.startswith("# text = "):
            found[-1].append(line.removeprefix("# text = "))
    return [" ".join(sentences) for sentences in found if sentences]


def _answer_length(example: Example) -> int:
    """Words and signs of the answer: the same measure for every builder, whatever the tokenizer."""
    return len(re.findall(r"\w+|[^\w\s]", example.references[0]))


def _up_to(rows: Sequence[Example], budget: int) -> list[Example]:
    """Rows in an order that says nothing, until their answers have so many tokens."""
    found, total = [], 0
    for one in sorted(rows, key=lambda one: _hash(one.id)):
        length = _answer_length(one)
        if len(one.instruction or "") <= 1_500 and total + length <= budget:
            found.append(one)
            total += length
    return found


def _with(example: Example, **fields: Any) -> Example:
    return msgspec.structs.replace(example, **fields)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
