"""Small boards: a folder of lm-eval results of three models on four tasks, and a board and results written out by hand.

The folder has what boards meet: a choice, a generation (chrF, BLEU), a perplexity and a cloze that one model has not done.
"""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness.leaderboard.records import (
    Board,
    Cell,
    Column,
    Item,
    ModelInfo,
    Results,
    Standing,
    TaskInfo,
    TaskResult,
    Trust,
)

SKILL = {"untuned": 0.35, "tuned": 0.75, "org/other-7b": 0.7}
CHOICES = ("ja", "nej", "kanske", "aldrig")
WORDS = [
    "snön",
    "faller",
    "över",
    "staden",
    "medan",
    "barnen",
    "leker",
    "bakom",
    "den",
    "gamla",
    "skolan",
    "vid",
    "ån",
    "där",
    "fåglarna",
    "sjunger",
]
DATE = "2026-01-02T03-04-05.678901"


def results_folder(folder: Path, *, dated: bool = False) -> Path:
    """A folder of results in lm-eval's layout under `folder/results`; returns it.

    One file a task as this harness writes them, or (`dated`) one file a model for all tasks, as lm-eval does by itself.
    """
    for model, skill in SKILL.items():
        home = folder / "results" / model.replace("/", "__")
        home.mkdir(parents=True)
        whole: dict[str, Any] = {}
        for task, made in _tasks(skill).items():
            if task == "sv_cloze" and model == "org/other-7b":
                continue
            content = _results_file(model, task, *made)
            suffix = f"{task}_{DATE}" if dated else task
            (home / f"samples_{suffix}.jsonl").write_text("".join(_line(sample) for sample in made[1]), encoding="utf-8")
            if not dated:
                content["harness"] = _own_key(model, len(made[1]))
                (home / f"results_{task}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            for key, value in content.items():
                whole[key] = {**whole.get(key, {}), **value} if isinstance(value, dict) else value
        if dated:
            whole["total_evaluation_time_seconds"] = "37.5"
            (home / f"results_{DATE}.json").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return folder / "results"


def hand_made_results() -> Results:
    """Two models on a choice and a generation with two items each, nothing read from disk."""
    items = {
        ("a", "choice"): [_choice("1", 0, 1.0), _choice("2", 1, 0.0)],
        ("b", "choice"): [_choice("1", 2, 0.0), _choice("2", 1, 0.0)],
        ("a", "says"): [_said("1", "hej på dig"), _said("2", '<script>alert("å")</script>')],
        ("b", "says"): [_said("1", "hej"), _said("2", "=1+1")],
    }

    def read_items(model: str, task: str) -> Iterator[Item]:
        return iter(items.get((model, task), []))

    tasks = {
        "choice": TaskInfo(
            name="choice", version="1.0", language="sv", form="short", licence="CC-BY-4.0", metric="acc", baseline=0.25
        ),
        "says": TaskInfo(
            name="says", language="sv", form="long", metric="chrf", output_type="generate_until", baseline=0, ceiling=100
        ),
    }
    results = (
        TaskResult(model="a", task="choice", values={"acc": 0.5}, errors={"acc": 0.5}, items=2, shots=0, seconds=1.5, tokens=40),
        TaskResult(model="b", task="choice", values={"acc": 0.0}, errors={"acc": 0.0}, items=2, shots=0, seconds=2.0, tokens=41),
        TaskResult(model="a", task="says", values={"chrf": 50.0}, items=2, shots=0),
        TaskResult(model="b", task="says", values={"chrf": 25.0}, items=2, shots=0),
    )
    models = {"a": ModelInfo(name="a", parameters=135_000_000), "b": ModelInfo(name="b")}
    return Results(models=models, tasks=tasks, results=results, read_items=read_items)


def results_of(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    baseline: float | None = 0.0,
    ceiling: float | None = 1.0,
    higher: bool = True,
) -> Results:
    """Results of models on tasks by the metric `s`, an item a score: model → task → scores."""
    items = {
        (model, task): [Item(key=str(place), values={"s": value}) for place, value in enumerate(values)]
        for model, tasks in scores.items()
        for task, values in tasks.items()
    }

    def read_items(model: str, task: str) -> Iterator[Item]:
        return iter(items.get((model, task), []))

    names = dict.fromkeys(task for tasks in scores.values() for task in tasks)
    return Results(
        models={model: ModelInfo(name=model) for model in scores},
        tasks={
            task: TaskInfo(name=task, metric="s", baseline=baseline, ceiling=ceiling, higher_is_better=higher) for task in names
        },
        results=tuple(
            TaskResult(
                model=model, task=task, values={"s": sum(item.values["s"] or 0 for item in held) / len(held)}, items=len(held)
            )
            for (model, task), held in items.items()
        ),
        read_items=read_items,
    )


def hand_made_board() -> Board:
    """A board with every kind of cell and of trust: what pages and exports have to show without breaking."""
    tasks = (
        TaskInfo(name="sv_choice", version="1.0", language="sv", form="short", licence="CC-BY-4.0", metric="acc", baseline=0.25),
        TaskInfo(name="sv_translate", version="1.0", language="sv", form="long", metric="chrf", baseline=0, ceiling=100),
        TaskInfo(
            name="sv_prose", version="1.0", language="sv", form="long", metric="character_perplexity", higher_is_better=False
        ),
    )
    agrees = Trust(
        verdict="agrees", metric="chrf", statistic="accuracy", value=0.71, low=0.66, high=0.75, floor=0.55, items=192,
        pairs=1900, judgments=("gec-sv",), language="sv", form="long",
    )  # fmt: skip
    doubtful = Trust(
        verdict="doubtful", metric="bleu", statistic="accuracy", value=0.56, low=0.52, high=0.6, floor=0.55, items=192
    )
    columns = (
        Column(key="sv_choice/acc", task="sv_choice", metric="acc", trust=Trust(verdict="by-key")),
        Column(key="sv_translate/chrf", task="sv_translate", metric="chrf", trust=agrees),
        Column(key="sv_translate/bleu", task="sv_translate", metric="bleu", main=False, trust=doubtful),
        Column(
            key="sv_prose/character_perplexity", task="sv_prose", metric="character_perplexity", higher_is_better=False,
            trust=Trust(verdict="unknown", why="nobody has rated what this metric says"), note="no baseline: not in the mean",
        ),
    )  # fmt: skip
    cells = (
        _cell("tuned", "sv_choice/acc", 0.75, 0.61, 0.86, 40, 1, 1, normalised=0.667, seconds=4.0, tokens=800, seen=0),
        _cell(
            "tuned",
            "sv_translate/chrf",
            62.1,
            58.0,
            66.4,
            30,
            1,
            1,
            normalised=0.621,
            seen=3,
            note="3 of 30 items seen in training",
        ),
        _cell("tuned", "sv_translate/bleu", 35.2, 29.9, 40.8, 30, 1, 1),
        _cell("tuned", "sv_prose/character_perplexity", 2.9, 2.7, 3.1, 12, 1, 1),
        _cell("=org/other <b>7b</b>", "sv_choice/acc", 0.7, 0.55, 0.82, 40, 2, 1, normalised=0.6),
        _cell("=org/other <b>7b</b>", "sv_translate/chrf", None, None, None, 0, None, None, status="missing"),
        _cell(
            "=org/other <b>7b</b>",
            "sv_translate/bleu",
            None,
            None,
            None,
            0,
            None,
            None,
            status="error",
            note="CUDA out of memory",
        ),
        _cell("=org/other <b>7b</b>", "sv_prose/character_perplexity", 3.0, 2.8, 3.3, 6, 2, 1, status="partial"),
        _cell("untuned", "sv_choice/acc", 0.35, 0.22, 0.5, 40, 3, 2, normalised=0.133),
        _cell("untuned", "sv_translate/chrf", 38.4, 34.0, 43.1, 30, 2, 2, normalised=0.384),
        _cell("untuned", "sv_translate/bleu", 11.0, 8.1, 14.5, 30, 2, 2),
        _cell("untuned", "sv_prose/character_perplexity", 4.4, 4.1, 4.8, 12, 3, 2),
    )
    standings = (
        Standing(
            model="tuned", mean=0.644, low=0.56, high=0.72, rank=1, cluster=1, columns=2, seconds=9.5, tokens_per_second=84.2
        ),
        Standing(model="untuned", mean=0.259, low=0.18, high=0.34, rank=2, cluster=2, columns=2, seconds=9.1, cost=0.12),
        Standing(model="=org/other <b>7b</b>", mean=None, columns=1, note="not ranked: sv_translate is missing"),
    )
    return Board(
        name="A small board",
        models=(
            ModelInfo(name="tuned", parameters=134_515_008, training="sft"),
            ModelInfo(name="=org/other <b>7b</b>", arguments={"pretrained": "org/other"}),
            ModelInfo(name="untuned", digest="0" * 64),
        ),
        tasks=tasks,
        columns=columns,
        cells=cells,
        standings=standings,
        resamples=2000,
        warnings=("sv_translate/bleu: the metric is not shown to agree with people",),
        notes=("=org/other <b>7b</b> has done half of sv_prose",),
        made={"command": "harness leaderboard show"},
    )


def _cell(
    model: str, column: str, value: float | None, low: Any, high: Any, items: int, rank: Any, cluster: Any, **more: Any
) -> Cell:
    return Cell(model=model, column=column, value=value, low=low, high=high, items=items, rank=rank, cluster=cluster, **more)


def _choice(key: str, answer: int, acc: float) -> Item:
    said = tuple(str(-1.0 - (place != answer)) for place in range(4))
    return Item(key=key, prompt="Faller snön?", target="0", choices=CHOICES, answers=said, values={"acc": acc})


def _said(key: str, text: str) -> Item:
    parts = {"chrf": ["hej på dig", text]}
    return Item(key=key, prompt="Säg hej.", target="hej på dig", answers=(text,), values={"chrf": None}, meta={"parts": parts})


# --- a folder in lm-eval's format

_Made = tuple[dict[str, Any], list[dict[str, Any]], dict[str, float], dict[str, Any]]


def _tasks(skill: float) -> dict[str, _Made]:
    """By task: its config, its samples, the values of the whole task, what it says of higher and lower."""
    return {
        "sv_choice": _choice_task("sv_choice", 40, skill),
        "sv_translate": _translate_task("sv_translate", 30, skill),
        "sv_prose": _prose_task("sv_prose", 12, skill),
        "sv_cloze": _choice_task("sv_cloze", 20, skill),
    }


def _choice_task(task: str, items: int, skill: float) -> _Made:
    chance = random.Random(f"{task} {skill}")
    samples = []
    for number in range(items):
        label = number % len(CHOICES)
        doc = {"row": number, "q": f"{WORDS[number % len(WORDS)]} {number}?", "choices": list(CHOICES), "label": label}
        right = chance.random() < skill
        best = label if right else (label + 1 + chance.randrange(len(CHOICES) - 1)) % len(CHOICES)
        said = [-2.0 - chance.random() if place == best else -6.0 - 3 * chance.random() for place in range(len(CHOICES))]
        by_length = [value / len(choice) for value, choice in zip(said, CHOICES, strict=True)]
        arguments = [[doc["q"], f" {choice}"] for choice in CHOICES]
        replies: list[Any] = [[str(value), "False"] for value in said]
        sample = _sample(number, doc, str(label), arguments, replies)
        sample |= {"acc": float(best == label), "acc_norm": float(by_length.index(max(by_length)) == label)}
        samples.append(sample | {"metrics": ["acc", "acc_norm"]})
    config = _config(task, "multiple_choice", {"acc": "mean", "acc_norm": "mean"}, "short", 0.25)
    values = {metric: math.fsum(sample[metric] for sample in samples) / items for metric in ("acc", "acc_norm")}
    return config, samples, values, {"acc": True, "acc_norm": True}


def _translate_task(task: str, items: int, skill: float) -> _Made:
    import sacrebleu

    chance, samples = random.Random(f"{task} {skill}"), []
    for number in range(items):
        mixed = random.Random(number)
        wanted = " ".join(mixed.sample(WORDS, 8)) + "."
        said = " ".join(word if chance.random() < skill else chance.choice(WORDS) for word in wanted.split())
        doc = {"row": number, "text": f"sentence {number}", "other": wanted}
        sample = _sample(number, doc, wanted, [[f"Översätt: {doc['text']}", {"until": ["\n"]}]], [said])
        samples.append(sample | {"chrf": [wanted, said], "bleu": [wanted, said], "metrics": ["chrf", "bleu"]})
    config = _config(task, "generate_until", {"chrf": "chrf", "bleu": "bleu"}, "long", None)
    texts, references = [sample["chrf"][1] for sample in samples], [[sample["chrf"][0] for sample in samples]]
    values = {
        "chrf": sacrebleu.corpus_chrf(texts, references).score,
        "bleu": sacrebleu.corpus_bleu(texts, references).score,
    }
    return config, samples, values, {"chrf": True, "bleu": True}


def _prose_task(task: str, items: int, skill: float) -> _Made:
    chance, samples = random.Random(f"{task} {skill}"), []
    for number in range(items):
        text = " ".join(random.Random(100 + number).choices(WORDS, k=20 + number))
        loglikelihood = -len(text) * (2.0 - skill + 0.2 * chance.random())
        sample = _sample(number, {"row": number, "text": text}, text, [[text]], [str(loglikelihood)])
        samples.append(sample | {"character_perplexity": [loglikelihood, len(text)], "metrics": ["character_perplexity"]})
    config = _config(task, "loglikelihood_rolling", {"character_perplexity": "!function data.x"}, "long", None)
    sums = [math.fsum(sample["character_perplexity"][place] for sample in samples) for place in (0, 1)]
    return config, samples, {"character_perplexity": math.exp(-sums[0] / sums[1])}, {"character_perplexity": False}


def _sample(number: int, doc: dict[str, Any], target: str, arguments: list[list[Any]], replies: list[Any]) -> dict[str, Any]:
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {
            f"gen_args_{place}": {f"arg_{part}": value for part, value in enumerate(request)}
            for place, request in enumerate(arguments)
        },
        "resps": [[reply] for reply in replies],
        "filtered_resps": replies,
        "filter": "none",
        "doc_hash": _hash(doc),
        "prompt_hash": _hash(arguments[0][0]),
        "target_hash": _hash(target),
    }


def _config(task: str, output_type: str, metrics: dict[str, str], form: str, baseline: float | None) -> dict[str, Any]:
    return {
        "task": task,
        "test_split": "test",
        "output_type": output_type,
        "num_fewshot": 0,
        "metric_list": [{"metric": metric, "aggregation": how} for metric, how in metrics.items()],
        "metadata": {
            "version": 1.0,
            "language": "sv",
            "form": form,
            "licence": "CC-BY-4.0",
            "metric": next(iter(metrics)),
            "random_baseline": baseline,
        },
    }


def _results_file(
    model: str,
    task: str,
    config: dict[str, Any],
    samples: list[dict[str, Any]],
    values: dict[str, float],
    higher: dict[str, bool],
) -> dict[str, Any]:
    said: dict[str, Any] = {"name": task, "alias": task, "sample_len": len(samples)}
    for metric, value in values.items():
        said[f"{metric},none"] = value
        mean = metric.startswith("acc")
        said[f"{metric}_stderr,none"] = math.sqrt(value * (1 - value) / (len(samples) - 1)) if mean else "N/A"
    return {
        "results": {task: said},
        "group_subtasks": {},
        "configs": {task: config},
        "versions": {task: 1.0},
        "n-shot": {task: 0},
        "higher_is_better": {task: higher},
        "n-samples": {task: {"original": len(samples), "effective": len(samples)}},
        "config": {
            "model": "hf",
            "model_args": f"pretrained={model},dtype=float32",
            "model_num_parameters": 134515008,
            "limit": None,
        },
        "date": 1767322999.5,
        "model_source": "hf",
        "model_name": model,
        "model_name_sanitized": model.replace("/", "__"),
        "task_hashes": {task: _hash([sample["doc_hash"] for sample in samples])},
        "total_evaluation_time_seconds": "12.5",
    }


def _own_key(model: str, items: int) -> dict[str, Any]:
    info = {
        "name": model,
        "arguments": {"pretrained": model},
        "parameters": 134515008,
        "training": "sft" if model == "tuned" else None,
    }
    return {
        "model": info,
        "seconds": 12.5,
        "tokens_in": 60 * items,
        "tokens_out": 20 * items,
        "signature": "model|v:1",
        "cost": None,
    }


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def _line(sample: dict[str, Any]) -> str:
    return json.dumps(sample, ensure_ascii=False) + "\n"
