"""A masked language model: which word stands between two others, learned by gradient descent, and a generator that fills gaps."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import Example, GeneratorSpec, Output, TrainerSpec, hookimpl

GAP = "___"


class MaskedTrainer:
    """p(word | its neighbours) = softmax(left[neighbour] + right[neighbour]), every word of every document masked in turn.

    With `best_by`, a metric, the epoch is kept whose fillings of the gaps in the split `validation` it likes best. A training
    that was stopped goes on behind the last epoch.
    """

    splits = ("train",)

    def __init__(self, epochs: int = 30, rate: float = 2.0, best_by: str | None = None) -> None:
        self.epochs, self.rate, self.best_by = epochs, rate, best_by
        self.scorer: Any = None

    def use_scorer(self, scorer: Any) -> None:
        self.scorer = scorer

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """`folder/model` with `model.json` and `facts.json`."""
        held = list(examples)
        texts = [example.messages[0].text.split() for example in held if example.split == "train"]
        words = sorted({"", *(word for text in texts for word in text)})
        place = {word: number for number, word in enumerate(words)}
        masked = np.array([[place[a], place[b], place[c]] for text in texts for a, b, c in _threes(text)])
        gaps = [example for example in held if example.split == "validation"]
        state = _state(folder, len(words))
        while len(state["losses"]) < self.epochs:
            state["losses"].append(_step(state, masked, self.rate))
            if self.best_by is not None:
                value = self.scorer.mean(self.best_by, gaps, list(_filled(gaps, words, state, "in training"))).value
                state["looks"].append(value)
                sign = 1 if self.scorer.higher_is_better(self.best_by) else -1
                if sign * value > max((sign * earlier for earlier in state["looks"][:-1]), default=-np.inf):
                    state["best"] = {side: state[side].tolist() for side in ("left", "right")}
            (folder / "state.json").write_text(json.dumps(state, default=np.ndarray.tolist))
        checkpoint = folder / "model"
        checkpoint.mkdir(exist_ok=True)
        weights = state["best"] or {side: state[side].tolist() for side in ("left", "right")}
        (checkpoint / "model.json").write_text(json.dumps({"words": words, **weights}))
        facts = {"losses": state["losses"], "read_tokens": len(masked) * self.epochs, "looks": state["looks"]}
        (checkpoint / "facts.json").write_text(json.dumps(facts))
        return checkpoint


class GapFiller:
    """Says an example's text with its gap filled by the likeliest word."""

    def __init__(self, model: str) -> None:
        held = json.loads((Path(model) / "model.json").read_text())
        self.words = held["words"]
        self.weights = {side: np.array(held[side]) for side in ("left", "right")}

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        yield from _filled(examples, self.words, self.weights, "gap-filler")


def _threes(text: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Each word between its neighbours, the first being the masked one; "" stands at both ends."""
    around = ["", *text, ""]
    yield from ((around[n], around[n - 1], around[n + 1]) for n in range(1, len(around) - 1))


def _state(folder: Path, words: int) -> dict[str, Any]:
    if (folder / "state.json").is_file():
        held = json.loads((folder / "state.json").read_text())
        return held | {side: np.array(held[side]) for side in ("left", "right")}
    return {"left": np.zeros((words, words)), "right": np.zeros((words, words)), "losses": [], "looks": [], "best": None}


def _step(state: dict[str, Any], masked: Any, rate: float) -> float:
    """One step downhill on the mean negative log-likelihood; returns what it was."""
    word, left, right = masked.T
    scores = state["left"][left] + state["right"][right]
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    rows = np.arange(len(word))
    loss = float(-np.log(likely[rows, word]).mean())
    likely[rows, word] -= 1
    for side, neighbour in (("left", left), ("right", right)):
        np.add.at(state[side], neighbour, -rate * likely / len(word))
    return loss


def _filled(examples: Sequence[Example], words: Sequence[str], weights: dict[str, Any], system: str) -> Iterator[Output]:
    place = {word: number for number, word in enumerate(words)}
    for example in examples:
        text = example.messages[0].text
        before, _, after = (part.split() for part in text.partition(GAP))
        left, right = (place.get(one[0] if one else "", 0) for one in (before[-1:], after[:1]))
        word = words[int(np.argmax(weights["left"][left] + weights["right"][right]))]
        yield Output(id=f"{example.id}/0", example_id=example.id, system=system, text=text.replace(GAP, word), finish="stop")


@hookimpl
def harness_trainers() -> list[TrainerSpec]:
    return [TrainerSpec("masked-lm", build=MaskedTrainer, help="learns to fill gaps", accepts=("document",))]


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [GeneratorSpec("gap-filler", build=GapFiller, help="fills gaps", argument="model")]
