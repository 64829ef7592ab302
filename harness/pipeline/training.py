"""Every training of an experiment, one after another, with the examples that it may learn from laid beside its checkpoints.

```
<run>/checkpoints/NAME/  NAME.json     the checkpoint, and what it was made of (harness.stages.train)
<run>/learned/NAME.jsonl               the examples that the training was given
```
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from harness.config_parts import TRAINED
from harness.errors import InputError
from harness.experiment import ExperimentConfig
from harness.experiment_examples import Chosen, answered, learned, read_examples
from harness.experiment_parts import BUILD
from harness.experiment_records import Named, Training
from harness.records import Example, to_json
from harness.registry import PluginRef, Registry
from harness.stages.train import THERE, Trained, check_training, standing, train
from harness.store import table_path
from harness.whole_files import replace_file

_FEW = 4  # parameters that are said of every training, even where another has the same
CHECKPOINTS, LEARNED, BUILDS = "checkpoints", "learned", "builds"


class Material(NamedTuple):
    """A training with the examples that it is given."""

    training: Training
    chosen: Chosen


def place_of(where: str, folder: Path) -> str:
    """Where examples lie: `build:NAME` is a folder of the run; InputError if it is not built."""
    if not where.startswith(BUILD):
        return where
    place = folder / BUILDS / where.removeprefix(BUILD)
    if not table_path(place, "examples").is_file():
        raise InputError(f"{place}: this build is not there yet; `harness run CONFIG --until build` makes it")
    return str(place)


def asked(config: ExperimentConfig, folder: Path, *, all_of_them: bool = False) -> list[Example]:
    """The examples that the systems answer, or could answer without a limit; InputError for a split that none has."""
    held_out_learned = any(not one.hold_out for one in config.trainings)
    examples = _examples(place_of(config.examples, folder))
    limit = None if all_of_them else config.limit
    return answered(examples, config.hold_out, config.splits, limit, only_test=held_out_learned)


def materials(config: ExperimentConfig, folder: Path) -> list[Material]:
    """Each training with its examples; InputError where none is left to learn from.

    What may be asked does not depend on the limit: else a higher limit would ask for other checkpoints.
    """
    questions = asked(config, folder, all_of_them=True) if config.answering else []
    found = []
    for one in config.trainings:
        where = place_of(one.examples or config.examples, folder)
        every = _examples(where)
        chosen = learned(every, config.hold_out, questions, of_held_out=not one.hold_out)
        if not chosen.examples:
            questioned = {example.id for example in questions}
            themselves = sum(example.id in questioned for example in every)
            reasons = {"asked about themselves": themselves, **chosen.left_out}
            reasons["of a split that is not learned from"] = len(every) - themselves - sum(chosen.left_out.values())
            why = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count) or "there is none"
            raise InputError(f"training {one.name!r}: no example of {where} is left to learn from ({why})")
        found.append(Material(one, chosen))
    return found


def plan_all(registry: Registry, given: Sequence[Material], folder: Path) -> list[str]:
    """What would be trained on how many examples, a sentence each, and what of it is there; HarnessError for what the training
    would refuse at its start.

    A training that begins with a checkpoint of this very run (`train:NAME`, or its path) is not asked about it, which may not be
    there yet.
    """
    home = (folder / CHECKPOINTS).resolve()
    found = []
    before: dict[str, Named] = {}
    stages: dict[str, str] = {}
    for training, chosen in given:
        for one in training.runs():
            counts = Counter(str(example.split or "no split") for example in chosen.examples)
            there = standing(registry, one.name, one.plugin, chosen.examples, folder / CHECKPOINTS, stages)
            begins = there != THERE and not _within(one.plugin, home)  # a finished model needs its base no more
            splits = check_training(registry, one.name, one.plugin, chosen.examples, begins=begins)
            held = sum(splits is None or example.split in splits for example in chosen.examples)
            number = f"{held:,}" if held == len(chosen.examples) else f"{held:,} of {len(chosen.examples):,}"
            told = "" if [*counts] == ["no split"] else f" ({', '.join(f'{name} {n:,}' for name, n in sorted(counts.items()))})"
            place = f"{folder / CHECKPOINTS / one.name}{there and f', which {there}'}"
            found.append(f"{one.name}: {_told(one, before)} on {number} examples{told}, to {place}")
    return found


def refuse_others(registry: Registry, given: Sequence[Material], folder: Path) -> None:
    """InputError where a training would be refused for what its folder holds; nothing is written."""
    stages: dict[str, str] = {}
    for training, chosen in given:
        for one in training.runs():
            standing(registry, one.name, one.plugin, chosen.examples, folder / CHECKPOINTS, stages)


def _told(one: Named, before: dict[str, Named]) -> str:
    """The trainer with its parameters; behind another one of many of the same, those that differ alone."""
    first = before.setdefault(one.plugin.name, one)
    ours, theirs = one.plugin.params, first.plugin.params
    changed = [key for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key) or (key in ours) != (key in theirs)]
    if first is one or len(theirs) <= _FEW or len(changed) > len(theirs) / 2:
        return str(one.plugin)
    said = [f"without {key}" if key not in ours else str(PluginRef("", {key: ours[key]})).removeprefix(":") for key in changed]
    return f"{one.plugin.name} as {first.name}" + (f", but {', '.join(said)}," if said else "")


def _within(ref: PluginRef, home: Path) -> bool:
    values = [value for value in ref.params.values() if isinstance(value, str) and value]
    return any(value.startswith(TRAINED) or Path(value).expanduser().resolve().is_relative_to(home) for value in values)


def train_all(
    registry: Registry,
    given: Sequence[Material],
    folder: Path,
    *,
    say: Callable[[str], None],
    report: Callable[[str, int, int], None] | None = None,
    write: bool = True,
    checked: bool = False,
) -> list[Trained]:
    """Trains what is not trained yet; `write: False` for all but the first of several processes that share a training. `report`:
    is told the steps of each training. What would be refused is, before anything is written; `checked`: it was looked for."""
    done: list[Trained] = []
    home = folder / CHECKPOINTS
    if write:
        if not checked:
            refuse_others(registry, given, folder)
        home.mkdir(parents=True, exist_ok=True)
        (folder / LEARNED).mkdir(exist_ok=True)
    for training, chosen in given:
        source = folder / LEARNED / f"{training.name}.jsonl"
        if write:
            _write(source, chosen.examples)
        for run in training.runs():
            say(f"training {run.name}")
            steps = None if report is None else partial(report, f"{run.name}, steps")
            done.append(train(registry, run.name, run.plugin, chosen.examples, home, source=source, report=steps))
    return done


def _examples(where: str) -> list[Example]:
    """The examples that lie there; InputError where two have one id, by which outputs and what is held out are told apart."""
    found = read_examples(where)
    twice = [id for id, count in Counter(example.id for example in found).items() if count > 1]
    if twice:
        more = f" (and {len(twice) - 1:,} more ids)" if len(twice) > 1 else ""
        raise InputError(f"{where}: more than one example has the id {twice[0]!r}{more}; give each example an id of its own")
    return found


def _write(path: Path, examples: Sequence[Example]) -> None:
    lines = b"".join(to_json(example) + b"\n" for example in examples)
    if not path.is_file() or path.read_bytes() != lines:
        replace_file(path, lines)
