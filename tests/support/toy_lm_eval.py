"""lm-eval in small: tasks with their data in a folder, and a model whose words follow from what it is asked."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

NAME = "toy-for-tests"
CHOICES = [{"question": f"Vad är {n} + 1?", "choices": [str(n + 1), str(n + 2), "hej"], "label": 0} for n in range(6)]
ROWS = """import datasets, json, pathlib

def read(file, **said):
    lines = pathlib.Path(file).read_text(encoding="utf-8").splitlines()
    return {"test": datasets.Dataset.from_list([json.loads(line) for line in lines])}
"""
TEXTS = [{"question": f"Säg {n}.", "answer": f"svar {n}"} for n in range(6)]


def toy_tasks(folder: Path) -> Path:
    """Tasks `toy_choice` and `toy_text` of six items each, `toy_missing` without data; the tag `toy_pair`: the first two."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.py").write_text(ROWS, encoding="utf-8")
    _task(folder, "toy_choice", CHOICES, doc_to_choice="choices", doc_to_target="label", metric="acc", tag="toy_pair")
    _task(folder, "toy_text", TEXTS, doc_to_target="{{answer}}", metric="exact_match", tag="toy_pair")
    _task(folder, "toy_missing", None, doc_to_target="{{answer}}", metric="exact_match")
    return folder


def _task(folder: Path, name: str, rows: list[dict[str, Any]] | None, *, metric: str, **said: Any) -> None:
    data = folder / f"{name}.jsonl"
    if rows is not None:
        data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    choice = "doc_to_choice" in said
    content = {
        "task": name,
        "dataset_kwargs": {"file": str(data)},
        "test_split": "test",
        "output_type": "multiple_choice" if choice else "generate_until",
        "doc_to_text": "{{question}}\nSvar:",
        **({} if choice else {"generation_kwargs": {"until": ["\n"], "max_gen_toks": 8}}),
        "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0, "language": "sv", "form": "short", "metric": metric, "items": 6},
        **said,
    }
    text = f"custom_dataset: !function rows.read\n{yaml.safe_dump(content, allow_unicode=True)}"
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


class Calls:
    """What the toy models of a test were asked, and what is to go wrong."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.opened = 0
        self.stop_after: int | None = None
        self.error: BaseException = KeyboardInterrupt()


def register_toy(calls: Calls) -> None:
    """Makes the toy known to lm-eval under `NAME`; its requests are told to `calls`."""
    import lm_eval.models  # noqa: F401  (registering before that leaves lm-eval without its own models)
    from lm_eval.api.model import LM
    from lm_eval.api.registry import model_registry

    class Toy(LM):
        """Likes texts by a hash of them and of `voice`; answers `svar N` to `Säg N.`."""

        def __init__(self, voice: str = "a", **settings: Any) -> None:
            super().__init__()
            calls.opened += 1
            self.voice = voice

        def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
            return [self._say("loglikelihood", one, (-_hashed(self.voice, *one.args), False)) for one in requests]

        def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
            return [self._say("loglikelihood_rolling", one, -_hashed(self.voice, *one.args)) for one in requests]

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            said = [f"svar {one.args[0].split('.')[0].removeprefix('Säg ')}" for one in requests]
            return [self._say("generate_until", one, text) for one, text in zip(requests, said, strict=True)]

        def _say(self, kind: str, request: Any, reply: Any) -> Any:
            if calls.stop_after is not None and len(calls.asked) >= calls.stop_after:
                raise calls.error
            calls.asked.append((kind, request.args[0]))
            self.cache_hook.add_partial(kind, request.args, reply)
            return reply

    model_registry._objs[NAME] = Toy  # registering a second class under a name is refused, and every test has its own


def _hashed(*parts: str) -> float:
    return int.from_bytes(sha256("\0".join(parts).encode()).digest()[:4]) / 2**28
