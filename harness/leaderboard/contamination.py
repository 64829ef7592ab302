"""Contamination: how many items of a task share text with the examples that a model was trained on here.

The comparison is that of `harness build` (`harness.build.contamination`): word n-grams of both, short texts as a whole, without
what is a set's own form or a template's wording; and prompts as a whole. What a model read before it came here nobody knows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from harness.build.contamination import SET_ITEMS, Contamination, evaluation_index
from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import ContaminationOptions
from harness.config_parts import TRAINED
from harness.errors import HarnessError, InputError
from harness.leaderboard.records import Item, Results
from harness.records import Example
from harness.stages.train import Trained, learned_examples

if TYPE_CHECKING:
    from harness.build.sift_texts import Folded

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
) -> tuple[dict[tuple[str, str], int], list[str]]:
    """(model, task) → how many of the items that the model did overlap with the examples that it learned from; and notes.

    A prompt that an example holds as a whole always counts. Pairs of which nobody knows are left out: a model not in `learned`, a
    task without samples, and a task none of whose items was found where some have too few words of their own to be found by;
    notes say so of the last.
    """
    options = options or ContaminationOptions()
    seen: dict[tuple[str, str], int] = {}
    notes: list[str] = []
    before: list[tuple[list[_Task], Sequence[Example], list[_Hits]]] = []  # seeds of one training have learned the same
    for model, examples in learned.items():
        held = [_task(task, list(results.read_items(model, task))) for task in _tasks_of(results, model)]
        tasks = [one for one in held if one.items]
        if tasks:
            same = next((hits for known, own, hits in before if known == tasks and own == examples), None)
            found = _hits(tasks, examples, options) if same is None else same
            before.append((tasks, examples, found))
            for task, hits in zip(tasks, found, strict=True):
                if hits.found or not hits.undecided:
                    seen[model, task.name] = hits.found
                if hits.undecided:
                    notes.append(
                        f"{model} on {task.name}: whether it was trained on {hits.undecided} of {len(task.items)} items is not "
                        "known (their prompts stand in no example as a whole, and too few words are their own)"
                    )
    return seen, notes


class _Task(NamedTuple):
    """The items of a task by key, what each shows, offers and expects, and what may stand in an example as a whole."""

    name: str
    items: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    wholes: tuple[tuple[str, str], ...]


class _Hits(NamedTuple):
    """How many items of a task share text with the examples (`found`), and of how many others that cannot be said."""

    found: int
    undecided: int


def _hits(tasks: Sequence[_Task], examples: Sequence[Example], options: ContaminationOptions) -> list[_Hits]:
    """What each task shares with the examples."""
    from harness.build.sift_texts import batches, fold

    index = evaluation_index([EvaluationSet(task.name, task.texts) for task in tasks], options)
    learned: set[bytes] = set()
    with TemporaryDirectory() as scratch:
        found = Contamination(index, Path(scratch) / "shared")
        count = 0
        for batch in batches(examples):
            folded = fold(batch.texts)
            learned.update(_digests(folded))
            found.add(count, np.ones(len(batch), bool), index.shared(batch, folded))
            count += len(batch)
        for _ in found.contaminated():
            pass  # the items are counted on the way
        found.close()
    by_task: list[set[str]] = [set() for _ in tasks]
    for place in np.flatnonzero(found.hit).tolist():
        by_task[index.item_sets[place]].add(index.items[place])
    return [_with_wholes(task, hit, learned, options) for task, hit in zip(tasks, by_task, strict=True)]


def _with_wholes(task: _Task, hit: set[str], learned: set[bytes], options: ContaminationOptions) -> _Hits:
    """The task's hits with the items whose prompt was learned as a whole."""
    from harness.build.sift_texts import fold, nfc

    wholes = _digests(fold(nfc([text for _, text in task.wholes])))
    texts = np.diff(fold(nfc([text for _, text in task.texts])).word_starts).tolist()
    hit = hit | {key for (key, _), digest in zip(task.wholes, wholes, strict=True) if digest in learned}
    telling = {key for (key, _), words in zip(task.texts, texts, strict=True) if words >= options.shortest}
    return _Hits(len(hit), len(set(task.items) - telling - hit))


def _digests(folded: "Folded") -> list[bytes]:
    """The digest of each folded text; empty for one without words, which equals no other."""
    counts = np.diff(folded.word_starts).tolist()
    return [own.tobytes() if words else b"" for own, words in zip(folded.hashes, counts, strict=True)]


def _tasks_of(results: Results, model: str) -> list[str]:
    return [one.task for one in results.results if one.model == model]


def _task(name: str, items: Sequence[Item]) -> _Task:
    """What each item shows, offers and expects: its own document where examples stand before it in the prompt.

    Of a few items the wording that all prompts share is left out, as a set's form is of many.
    """
    prompts = [item.prompt or "" for item in items]
    framed = prompts if len(items) > SET_ITEMS else _without_frame(prompts)
    texts: list[tuple[str, str]] = []
    wholes: list[tuple[str, str]] = []
    for item, whole, prompt in zip(items, prompts, framed, strict=True):
        shown = item.meta.get("texts")
        own = [*shown] if isinstance(shown, (list, tuple)) else [prompt]
        offered = [*item.meta.get("targets", (item.target or "",)), *item.choices]
        texts += [(item.key, text) for text in (*own, *offered) if text.strip()]
        wholes.append((item.key, whole))
    alike = len({whole for _, whole in wholes}) == 1 < len(items)  # one prompt for all is their form, and tells no item
    return _Task(name, tuple(dict.fromkeys(item.key for item in items)), tuple(texts), () if alike else tuple(wholes))


def _without_frame(prompts: Sequence[str]) -> list[str]:
    """The prompts without the words that all of them begin with, and end with."""
    if len(prompts) < 2:
        return list(prompts)
    words = [prompt.split() for prompt in prompts]
    head = _shared(words)
    tail = _shared([own[head:][::-1] for own in words])  # nothing is left where all are alike
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
            if isinstance(value, str) and value.startswith(TRAINED):
                waiting.append(value.removeprefix(TRAINED))
                continue
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
