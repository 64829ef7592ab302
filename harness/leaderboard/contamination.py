"""Contamination: how many items of a task share text with the examples that a model was trained on here.

The comparison is that of `harness build` (`harness.build.contamination`): word n-grams of both, short texts as a whole, without
what is a set's own form or a template's wording. What a model read before it came here nobody knows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from harness.build.contamination import SET_ITEMS, Contamination, evaluation_index
from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import ContaminationOptions
from harness.errors import HarnessError, InputError
from harness.leaderboard.records import Item, Results
from harness.records import Example
from harness.stages.train import Trained, learned_examples

CHECKPOINTS = "checkpoints"  # below a run folder of `harness train`
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")


def find_learned(results: Results, folder: str | Path) -> tuple[dict[str, list[Example]], list[str]]:
    """Model → the examples that it learned from, of models trained in that run folder; and why others' are not known.

    A model tuned from another one that was trained there has learned from the examples of both.
    """
    home = Path(folder).expanduser() / CHECKPOINTS
    found: dict[str, list[Example]] = {}
    notes: list[str] = []
    for model in results.models.values():
        if model.training is None:
            continue
        try:
            found[model.name] = [one for trained in _line_of(home, model.training) for one in learned_examples(home, trained)]
        except HarnessError as error:
            notes.append(f"{model.name}: which items it was trained on is not known ({error})")
    return found, notes


def seen_items(
    results: Results, learned: Mapping[str, Sequence[Example]], options: ContaminationOptions | None = None
) -> dict[tuple[str, str], int]:
    """(model, task) → how many of the items that the model did overlap with the examples that it learned from.

    Pairs of which nobody knows (a model not in `learned`, a task without samples) are left out.
    """
    options = options or ContaminationOptions()
    seen: dict[tuple[str, str], int] = {}
    before: list[tuple[list[EvaluationSet], Sequence[Example], list[int]]] = []  # seeds of one training have learned the same
    for model, examples in learned.items():
        tasks = [one.task for one in results.results if one.model == model]
        sets = [EvaluationSet(task, tuple(_texts(list(results.read_items(model, task))))) for task in tasks]
        sets = [one for one in sets if one.texts]
        if sets:
            same = next((hits for held, own, hits in before if held == sets and own == examples), None)
            hits = _hits(sets, examples, options) if same is None else same
            before.append((sets, examples, hits))
            seen.update({(model, one.name): count for one, count in zip(sets, hits, strict=True)})
    return seen


def _hits(sets: Sequence[EvaluationSet], examples: Sequence[Example], options: ContaminationOptions) -> list[int]:
    """How many items of each set share text with the examples."""
    from harness.build.sift_texts import batches, fold

    index = evaluation_index(sets, options)
    with TemporaryDirectory() as scratch:
        found = Contamination(index, Path(scratch) / "shared")
        count = 0
        for batch in batches(examples):
            found.add(count, np.ones(len(batch), bool), index.shared(batch, fold(batch.texts)))
            count += len(batch)
        for _ in found.contaminated():
            pass  # the items are counted on the way
        found.close()
    return found.items_hit


def _texts(items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    """(item, text) of what each item shows, offers and expects: its own document where examples stand before it in the prompt.

    Of a few items the wording that all prompts share is left out, as a set's form is of many.
    """
    prompts = [item.prompt or "" for item in items]
    framed = prompts if len(items) > SET_ITEMS else _without_frame(prompts)
    for item, prompt in zip(items, framed, strict=True):
        shown = item.meta.get("texts")
        texts = [*shown] if isinstance(shown, (list, tuple)) else [prompt]
        texts += [*item.meta.get("targets", (item.target or "",)), *item.choices]
        for text in texts:
            if text.strip():
                yield item.key, text


def _without_frame(prompts: Sequence[str]) -> list[str]:
    """The prompts without the words that all of them begin with, and end with."""
    words = [prompt.split() for prompt in prompts]
    if len({tuple(own) for own in words}) < 2:
        return list(prompts)
    head = _shared(words)
    tail = _shared([own[head:][::-1] for own in words])
    return [" ".join(own[head : len(own) - tail]) for own in words]


def _shared(texts: list[list[str]]) -> int:
    """How many words all of them begin with."""
    least, most = min(texts), max(texts)
    return next((place for place, word in enumerate(least) if word != most[place]), len(least))


def _line_of(home: Path, name: str) -> Iterator[Trained]:
    """The record of the training, then those of the trainings that its base came from, where they lie in the same folder."""
    met: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        trained = _record(home, name)
        yield trained
        for value in trained.params.values():
            path = Path(value) if isinstance(value, str) and value else None
            if path is not None and path.absolute().is_relative_to(home.absolute()):
                waiting += path.absolute().relative_to(home.absolute()).parts[:1]


def _record(home: Path, name: str) -> Trained:
    """The record of a training; its checkpoint's files are not looked at."""
    if not _NAME.match(name):  # the name is what somebody's results say
        raise InputError(f"{name!r:.80} is no name of a training")
    path = home / f"{name}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trained)
    except FileNotFoundError as error:
        raise InputError(f"{home} holds no training called {name!r}") from error
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: not a training's record of this version ({error})") from error
