"""Runs an experiment: the world is made first, then arms × sizes × seeds are trained and asked; what is done is not done again.

```
<folder>/
  experiment.json             what the experiment is
  inputs.json                 digests of the texts, video tokens and bases that its runs stand on
  material/world, examples.jsonl   clips, norms and video tokens; captions
  runs/<size>-<arm>-seed-<n>/  the training, and probe.parquet: what the model said
  page.html, page.md, summary.json
```
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.errors import ConfigError, HarnessError, InputError
from harness.whole_files import replace_file
from harness_plugins.video.bases import TokenizerChoice
from harness_plugins.video.probe.asking import asked, tokenizer_digest
from harness_plugins.video.probe.config import Experiment, ModelAt
from harness_plugins.video.probe.experiment_material import Material, material_of
from harness_plugins.video.probe.inputs import claim_inputs
from harness_plugins.video.probe.results import NAME, Answers, Asked, read_answers, write_answers

CONFIG, FACTS = "experiment.json", "run.json"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says of itself: `parameters` of the model, `loss`: mean of the last tenth of its steps, `seconds` in all;
    `tokenizer`: digest of it."""

    size: str
    arm: str
    seed: int
    parameters: int
    steps: int
    loss: float
    tokens_per_second: float | None
    seconds: float
    tokenizer: str


@dataclass(frozen=True)
class Done:
    """What there is of an experiment: answers, facts of runs, runs that failed with the reason, and how many were not begun."""

    answers: dict[Asked, Answers]
    facts: list[RunFacts]
    failed: dict[str, str] = field(default_factory=dict)
    left: int = 0


def run_experiment(
    experiment: Experiment,
    folder: Path,
    *,
    workers: int,
    minutes: float | None = None,
    report: Callable[..., None] | None = None,
) -> tuple[Done, Material]:
    """Runs what is not done yet, `workers` processes of one thread each. After `minutes` no further run is begun; those that have
    begun are finished. Raises InputError where the folder is another experiment's."""
    begun = time.monotonic()
    claim(experiment, folder)
    check_tokenizers(experiment)
    material = material_of(experiment, folder, report)
    claim_inputs(folder, material.inputs, begun=any(folder.glob(f"runs/*/{NAME}")))
    known = results(experiment, folder, material).facts  # what is damaged or does not go together is told before all else
    open_ = [run for run in experiment.runs if not (run_folder(folder, *run) / NAME).is_file()]
    total = len(experiment.runs)
    failed: dict[str, str] = {}
    reused = done = total - len(open_)
    if report is not None:
        report("runs", done, total, reused=reused)
    context = multiprocessing.get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(max(1, workers), mp_context=context) as pool:
        running: dict[Future[None], tuple[str, str, int]] = {}
        while open_ or running:
            late = minutes is not None and time.monotonic() - begun > 60 * minutes
            while open_ and len(running) < workers and not late:
                run = open_.pop(0)
                running[pool.submit(run_one, experiment, folder, *run)] = run
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                size, arm, seed = running.pop(future)
                error = future.exception()
                if error is not None and not isinstance(error, HarnessError | ValueError | RuntimeError | OSError):
                    raise error
                if error is not None:
                    failed[f"{size}, {arm}, seed {seed}"] = f"{type(error).__name__}: {error}"
                else:
                    known.append(_facts(run_folder(folder, size, arm, seed) / FACTS, "run the same command again"))
                    _check_same_tokenizer(folder, known)
                done += 1
                if report is not None:
                    report("runs", done, total, reused=reused)
    return results(experiment, folder, material, failed, len(open_)), material


def results(
    experiment: Experiment, folder: Path, material: Material, failed: dict[str, str] | None = None, left: int = 0
) -> Done:
    """What is done. InputError naming what is damaged, and runs whose tokenizers differ."""
    answers: dict[Asked, Answers] = {}
    facts: list[RunFacts] = []
    for size, arm, seed in experiment.runs:
        place = run_folder(folder, size, arm, seed)
        if not (place / NAME).is_file():
            continue
        mend = f"delete {place}, and the same command does this run anew"
        facts.append(_facts(place / FACTS, mend))
        found = read_answers([place / NAME], material.subject.occurrences, mend=mend)
        owners = {(one.size, one.trained, one.seed) for one in found} | {(facts[-1].size, facts[-1].arm, facts[-1].seed)}
        if owners != {(size, arm, seed)}:
            raise InputError(f"{place / NAME}, {FACTS}: of another run than {size}, {arm}, seed {seed}; {mend}")
        answers |= found
    _check_same_tokenizer(folder, facts)
    return Done(answers, facts, failed or {}, left)


def check_tokenizers(experiment: Experiment) -> None:
    """ConfigError where sizes train tokenizers of their own that are to differ."""
    by_choice: dict[TokenizerChoice, str] = {}
    for size, given in experiment.sizes.items():
        params = experiment.training | given
        try:
            choice = TokenizerChoice.of(params.get("tokenizer"))
        except ValueError as error:
            raise ConfigError(f"sizes: {size}: {error}") from error
        if params.get("base") is None and choice.name is None:
            by_choice.setdefault(choice, size)
    if len(by_choice) > 1:
        (one, first), (other, second) = list(by_choice.items())[:2]
        raise ConfigError(
            f"sizes: {first} and {second} train different tokenizers (of {one.size} and {other.size} tokens), and "
            "log-probabilities of unlike vocabularies are not compared; give `tokenizer` in `training` alone"
        )


def run_folder(folder: Path, size: str, arm: str, seed: int) -> Path:
    """Where a run lies."""
    return folder / "runs" / f"{size}-{arm}-seed-{seed}"


def run_one(experiment: Experiment, folder: Path, size: str, arm: str, seed: int) -> None:
    """Trains a model and asks it, going on from a checkpoint; what it says is kept in the run's folder."""
    from harness.experiment_examples import read_examples
    from harness.plugins import load_plugins
    from harness.registry import PluginRef
    from harness.stages.train import train
    from harness_plugins.video.store import VideoTokens

    start = time.perf_counter()
    place = run_folder(folder, size, arm, seed)
    place.mkdir(parents=True, exist_ok=True)
    material = material_of(experiment, folder)
    claim_inputs(folder, material.inputs, begun=False)  # another program may have changed it since the first run
    given = _of_arm(experiment.training, arm) | _of_arm(experiment.sizes[size], arm)
    params = {**given, "tokens": material.tokens, "video": arm, "seed": seed}
    learned = [one for one in read_examples(material.examples) if spoken_of(one.language, experiment)]
    trained = train(load_plugins([]), "training", PluginRef("video-mlm", params), learned, place, source=material.examples)
    at = ModelAt(path=str(place / trained.checkpoint), trained=arm, size=size, seed=seed)
    said = asked(at, material.subject, experiment.probe, VideoTokens(material.tokens))
    losses = trained.facts.get("losses") or [float("nan")]
    last = losses[-max(1, len(losses) // 10) :]
    facts = RunFacts(
        size=size,
        arm=arm,
        seed=seed,
        parameters=int(trained.facts.get("parameters", 0)),
        steps=int(trained.facts.get("steps", 0)),
        loss=sum(last) / len(last),
        tokens_per_second=trained.facts.get("tokens_per_second"),
        seconds=time.perf_counter() - start,
        tokenizer=tokenizer_digest(at.path),
    )
    replace_file(place / FACTS, msgspec.json.format(msgspec.json.encode(facts)) + b"\n")
    write_answers(place / NAME, material.subject.occurrences, said)


def spoken_of(language: str, experiment: Experiment) -> bool:
    """Whether texts in this language are learned from: all, or of a world those in the probe's language."""
    wanted = experiment.probe.language
    return experiment.world is None or wanted is None or language == wanted


def claim(experiment: Experiment, folder: Path) -> None:
    """Writes what the experiment is; InputError where the folder holds another one. Seeds and arms may be added, and statistics
    changed."""
    path = folder / CONFIG
    bare = msgspec.structs.replace(experiment, seeds=(), arms=(), statistics=type(experiment.statistics)())
    said = msgspec.json.format(msgspec.json.encode(bare, order="sorted"))
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, said)
    elif said != path.read_bytes():
        raise InputError(
            f"{folder} holds an experiment with other settings (see {CONFIG} in it); give another folder by --out, or remove it"
        )


def _check_same_tokenizer(folder: Path, facts: Sequence[RunFacts]) -> None:
    """InputError naming two runs whose tokenizers differ, as `asking.check_same_tokenizer` of checkpoints."""
    other = next((one for one in facts if one.tokenizer != facts[0].tokenizer), None)
    if other is not None:
        places = [run_folder(folder, one.size, one.arm, one.seed) for one in (facts[0], other)]
        raise InputError(
            f"{places[0]} and {places[1]} have different tokenizers: log-probabilities of unlike vocabularies are not compared; "
            "train all sizes with one tokenizer, into another folder (--out)"
        )


def _facts(path: Path, mend: str) -> RunFacts:
    """What a run says of itself; InputError where it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunFacts)
    except FileNotFoundError:
        raise InputError(f"{path} is missing, and {NAME} beside it is there; {mend}") from None
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not what a run says of itself ({error}); {mend}") from error


def _of_arm(params: dict[str, object], arm: str) -> dict[str, object]:
    """The trainer's parameters: masked video goes with video that can be told from nothing."""
    return {key: value for key, value in params.items() if key != "masked_video" or arm in ("real", "shuffled")}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are begun compute with one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
