"""Trains: examples and a trainer become a checkpoint folder with a manifest beside it, whatever kind of model that is.

```
<folder>/<name>/            what the trainer writes, and goes on with when it was stopped
<folder>/<name>.json        Trained: what it was made of, and the sha256 of every file of the checkpoint
```
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError, PluginError
from harness.integrity import file_digest
from harness.protocols import Trainer, TrainerSpec
from harness.records import Example, digest
from harness.registry import PluginRef, Registry, parameters
from harness.stages.train_begun import Begun, read_begun, refuse_another
from harness.stages.train_reads import check_reads
from harness.stages.trained import (
    Material,
    Trained,
    begins_with,
    damaged,
    find_trained,
    learned_examples,
    named_trainings,
    read_trained,
)
from harness.whole_files import replace_file

__all__ = [
    "FACTS",
    "THERE",
    "Material",
    "Trained",
    "check_training",
    "first_process",
    "learned_examples",
    "read_trained",
    "standing",
    "train",
]

KIND = "trainer"
THERE = "is there already"  # of a training that is finished
_MARKER = "training.json"  # what was begun in a folder
_READS = f"{_MARKER}.reads"  # and of what files
_PATIENCE = 60.0  # seconds that the other processes wait for the first
FACTS = "facts.json"  # a trainer may leave it in its checkpoint: losses, tokens per second, what it left out; any JSON mapping


def train(
    registry: Registry,
    name: str,
    ref: PluginRef,
    examples: Iterable[Example],
    folder: Path,
    *,
    source: str | Path | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Trained:
    """The checkpoint of that name, trained unless it is there already as this very training left it.

    `source`: where the examples were read from (a build folder or a JSON Lines file), for the record. A parameter `train:NAME` is
    the checkpoint of that training in the same folder; where that one has changed, this is another training. `report`: is told
    the steps that are done and how many there are, by trainers that tell.

    Raises InputError where the folder holds a checkpoint of other examples or parameters, or one made of files (a model's) that
    have changed since, or no training to begin with, and
    PluginError where the trainer does not accept a kind of example, or returns a folder that is empty or lies elsewhere.
    """
    spec = registry.find(KIND, ref.name).spec
    assert isinstance(spec, TrainerSpec)
    held = list(examples)  # a trainer may pass over them several times
    if not held:
        raise InputError(f"{name}: there are no examples to train on")
    _check_kinds(spec, held)
    bases = _bases(ref, folder)
    begun = _as_begun(spec, ref, held, {key: base.stage for key, base in bases.items()})
    params = {**ref.params, **{key: str((folder / base.checkpoint).resolve()) for key, base in bases.items()}}
    earlier = find_trained(folder, name)
    home = folder / name
    if earlier is not None and earlier.stage == begun.stage and not damaged(folder, earlier):
        check_reads(home / _READS, spec, params, folder, begun=True)
        return earlier
    trainer: Trainer = registry.build(KIND, PluginRef(ref.name, params))
    _hand_scorer(trainer, registry)
    if report is not None and (takes := getattr(trainer, "use_report", None)) is not None:
        takes(report)
    going_on = _check_home(home, begun, _defaults(spec))
    if going_on or first_process():  # the others do not wait for the digests of a model, which may be large
        check_reads(home / _READS, spec, params, folder, begun=going_on)
    checkpoint = Path(trainer.train(held, home)).resolve()
    done = Trained(
        name=name,
        trainer=ref.name,
        params=dict(ref.params),
        stage=begun.stage,
        checkpoint=_inside(folder, home, checkpoint, ref.name),
        files=_digests(checkpoint) if first_process() else {},
        examples=dict(sorted(Counter(f"{one.kind} {one.split or 'no split'}" for one in held).items())),
        material=Material(path=_relative(source, folder), digest=begun.examples, n=len(held), splits=_splits(trainer)),
        facts=_facts(checkpoint),
    )
    if first_process():
        replace_file(folder / f"{name}.json", _json(done))
    return done


def standing(
    registry: Registry, name: str, ref: PluginRef, examples: Sequence[Example], folder: Path, stages: dict[str, str]
) -> str:
    """What `train` would find of that training, in words; empty where it would begin. Nothing is written.

    `stages`: those of the trainings that come before it, by name; its own is added. Raises InputError where `train` would refuse
    to go on with what is there.
    """
    spec = registry.find(KIND, ref.name).spec
    assert isinstance(spec, TrainerSpec)
    begins = named_trainings(ref.params)
    found = {base: find_trained(folder, base) for base in begins.values()}
    known = {base: one.stage for base, one in found.items() if one is not None} | stages
    if not {*begins.values()} <= known.keys():  # no training of that name comes before it: told when it is trained
        return ""
    paths = {key: str((folder / one.checkpoint).resolve()) for key, base in begins.items() if (one := found[base]) is not None}
    begun = _as_begun(spec, ref, examples, {key: known[base] for key, base in begins.items()})
    stages[name] = begun.stage
    earlier, home = find_trained(folder, name), folder / name
    done = earlier is not None and earlier.stage == begun.stage and not damaged(folder, earlier)
    if not done:
        if not home.is_dir() or not _holds_more(home):
            return ""
        refuse_another(home, read_begun(home / _MARKER), begun, _defaults(spec))
    check_reads(home / _READS, spec, {**ref.params, **paths}, folder, begun=True)
    return THERE if done else "goes on where it was stopped"


def check_training(
    registry: Registry, name: str, ref: PluginRef, examples: Sequence[Example], *, begins: bool = True
) -> tuple[str | None, ...] | None:
    """The splits that the trainer learns from, None for all, once it has been built and has looked at what it would be given.

    Raises PluginError for parameters and kinds of examples, InputError where no example is of a split to learn from, and what the
    trainer's own `check` says, unless `begins` is False.
    """
    spec = registry.find(KIND, ref.name).spec
    assert isinstance(spec, TrainerSpec)
    _check_kinds(spec, examples)
    trainer: Trainer = registry.build(KIND, ref)
    _hand_scorer(trainer, registry)
    splits = _splits(trainer)
    learned = [one for one in examples if splits is None or one.split in splits]
    if not learned:
        raise InputError(f"{name}: no example is of a split that {ref.name} learns from ({', '.join(map(str, splits or ()))})")
    if begins and (check := getattr(trainer, "check", None)) is not None:
        check(learned)
    return splits


def first_process() -> bool:
    """Whether this process is the one that writes: alone, or the first of those that `torchrun` (or the like) started."""
    return int(os.environ.get("RANK") or 0) == 0


def _bases(ref: PluginRef, folder: Path) -> dict[str, Trained]:
    """The trainings to begin with; the first process may still be writing their records when the others come here."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return begins_with(ref.params, folder)
        except InputError:
            if first_process() or time.monotonic() > until:
                raise
            time.sleep(0.05)


def _as_begun(spec: TrainerSpec, ref: PluginRef, examples: Sequence[Example], bases: Mapping[str, str]) -> Begun:
    """What the training is; `bases`: by parameter, the stage of the training that it begins with."""
    told = {key: f"{ref.params[key]}@{stage[:12]}" for key, stage in bases.items()}
    return Begun(
        trainer=ref.name,
        version=spec.version,
        params={key: told.get(key, value) for key, value in ref.params.items() if key not in spec.free},
        examples=digest(examples),
        n=len(examples),
    )


def _check_kinds(spec: TrainerSpec, examples: Iterable[Example]) -> None:
    for example in examples:
        if example.kind not in spec.accepts:
            raise PluginError(
                f"trainer {spec.name!r} accepts examples of the kinds {', '.join(spec.accepts)}; {example.id!r} is of the kind "
                f"{example.kind!r}: leave such rows out, or choose another trainer"
            )


def _hand_scorer(trainer: Trainer, registry: Registry) -> None:
    wanted = getattr(trainer, "use_scorer", None)
    if wanted is not None:
        from harness.stages.heldout import RegistryScorer

        wanted(RegistryScorer(registry))


def _check_home(home: Path, now: Begun, defaults: Mapping[str, Any]) -> bool:
    """Makes the folder, or sees that what was begun in it is this very training; whether anything of it is there."""
    marker = home / _MARKER
    if not first_process():
        _await(marker, now.stage)
        return _holds_more(home)
    home.mkdir(parents=True, exist_ok=True)
    before = read_begun(marker)
    there = _holds_more(home)
    if there:
        refuse_another(home, before, now, defaults)
    if before is None or before.stage != now.stage:
        replace_file(marker, _json(now))
    return there


def _defaults(spec: TrainerSpec) -> dict[str, Any]:
    """What the trainer's parameters are where they are not given."""
    return {name: one.default for name, one in (parameters(spec) or {}).items() if one.default is not one.empty}


def _holds_more(home: Path) -> bool:
    return any(not path.name.startswith(_MARKER) for path in home.iterdir())


def _await(marker: Path, stage: str) -> None:
    """Returns when the first process has begun this training; InputError where it does not within a minute."""
    until = time.monotonic() + _PATIENCE
    while (begun := read_begun(marker)) is None or begun.stage != stage:
        if time.monotonic() > until:
            raise InputError(f"{marker} does not tell of this training: processes on several machines need a folder that all see")
        time.sleep(0.05)


def _json(record: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record, order="sorted", enc_hook=str), indent=2) + b"\n"


def _relative(source: str | Path | None, folder: Path) -> str | None:
    if source is None:
        return None
    return os.path.relpath(Path(source).expanduser().resolve(), folder.resolve())


def _splits(trainer: Trainer) -> tuple[str | None, ...] | None:
    said = getattr(trainer, "splits", None)
    return None if said is None else tuple(said)


def _inside(folder: Path, home: Path, checkpoint: Path, trainer: str) -> str:
    if not checkpoint.is_relative_to(home.resolve()) or not checkpoint.is_dir():
        raise PluginError(f"trainer {trainer!r} is to return a folder inside {home}, and returned {checkpoint}")
    return checkpoint.relative_to(folder.resolve()).as_posix()


def _digests(checkpoint: Path) -> dict[str, str]:
    return {path.relative_to(checkpoint).as_posix(): file_digest(path) for path in _files(checkpoint)}


def _files(checkpoint: Path) -> Iterator[Path]:
    yield from sorted(path for path in checkpoint.rglob("*") if path.is_file())


def _facts(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / FACTS
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise PluginError(f"{path}: a trainer's facts are to be one JSON mapping ({error})") from error
