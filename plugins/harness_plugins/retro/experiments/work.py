"""Runs an experiment: what runs share is laid down first, then runs go side by side, and what is done is never done again."""

import multiprocessing
import os
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError, InputError
from harness.whole_files import replace_file
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.training import RESULT, RunResult, run_folder, run_one

CONFIG = "experiment.json"
_REACHED = ("prices", "timeout", "concurrency", "requests_per_minute", "tokens_per_minute", "key_env")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Done:
    """What there is of an experiment: results, runs that failed with the reason, and how many were not begun."""

    results: list[RunResult]
    failed: dict[str, str]
    left: int


def run_experiment(
    experiment: Experiment,
    folder: Path,
    *,
    workers: int,
    minutes: float | None = None,
    report: Callable[..., None] | None = None,
) -> Done:
    """Runs what is not done yet, `workers` processes of one thread each. After `minutes` no further run is begun; those that have
    begun are finished. Raises InputError where the folder is another experiment's."""
    begun = time.monotonic()
    claim(experiment, folder)
    prepare(experiment, folder, report)
    open_ = [(arm, seed) for seed in experiment.seeds for arm in experiment.arms]
    total = len(open_)
    open_ = [(arm, seed) for arm, seed in open_ if not (run_folder(folder, arm, seed) / RESULT).is_file()]
    failed: dict[str, str] = {}
    reused = done = total - len(open_)
    if report is not None:
        report("runs", done, total, reused=reused)
    context = multiprocessing.get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(max(1, workers), mp_context=context) as pool:
        running: dict[Future[RunResult], tuple[str, int]] = {}
        while open_ or running:
            late = minutes is not None and time.monotonic() - begun > 60 * minutes
            while open_ and len(running) < workers and not late:
                arm, seed = open_.pop(0)
                running[pool.submit(run_one, experiment, folder, arm, seed)] = arm, seed
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                arm, seed = running.pop(future)
                error = future.exception()
                if error is not None and not isinstance(error, HarnessError | ValueError | RuntimeError | OSError):
                    raise error
                if error is not None:
                    failed[f"{arm}, seed {seed}"] = f"{type(error).__name__}: {error}"
                done += 1
                if report is not None:
                    report("runs", done, total, reused=reused)
    return Done(list(results(experiment, folder)), failed, len(open_))


def prepare(experiment: Experiment, folder: Path, report: Callable[..., None] | None = None) -> None:
    """Lays down what runs share: documents, indexes, neighbours, distances."""
    from harness_plugins.retro.experiments.arms import natural, read_by
    from harness_plugins.retro.experiments.material import material_of
    from harness_plugins.retro.experiments.swapping import distances_of, table_of

    material = material_of(experiment, folder / "material", report)
    for corpus in (material.train, material.held):
        natural(experiment, material, corpus, report)
        for place, arm in enumerate(experiment.arms):
            read_by(experiment, arm, material, corpus)
            if report is not None:
                report(f"neighbours of arms, {corpus.folder.name}", place + 1, len(experiment.arms))
    for name in experiment.measure.retrievers:
        table_of(experiment, material, name, report)
        distances_of(experiment, material, folder, name, report)


def results(experiment: Experiment, folder: Path) -> Iterator[RunResult]:
    """What is done, by arm and seed."""
    for arm in experiment.arms:
        for seed in experiment.seeds:
            path = run_folder(folder, arm, seed) / RESULT
            if path.is_file():
                yield msgspec.json.decode(path.read_bytes(), type=RunResult)


def claim(experiment: Experiment, folder: Path) -> None:
    """Writes what the experiment is; InputError where the folder holds another one. Seeds and arms may be added, and how a model
    that paraphrases is reached may change, its budget too, since that changes no reply."""
    from harness_plugins.retro.experiments.material import is_laid

    path, laid = folder / CONFIG, is_laid(folder / "material")
    text = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(experiment, seeds=(), levels=()), order="sorted"))
    before = path.read_bytes() if path.is_file() else None
    if before is not None and not _same(before, text, laid):
        raise InputError(
            f"{folder} holds an experiment with other settings (see {CONFIG} in it); give another folder by --out, or remove it"
        )
    if before != text:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)


def _same(before: bytes, now: bytes, laid: bool) -> bool:
    try:
        first, second = (_counting(msgspec.json.decode(one, type=dict[str, Any]), laid) for one in (before, now))
    except msgspec.DecodeError:
        return False
    return first == second


def _counting(said: dict[str, Any], laid: bool) -> dict[str, Any]:
    """The settings without how models that paraphrase are reached. `laid`: their paraphrases are laid down; then whether passages
    without a reply are left out counts, and where they are, the budget, since both decided which have one."""
    how = said.get("paraphrases")
    if not isinstance(how, dict):
        return said
    (value,) = how.values()
    free = _REACHED if laid and isinstance(value, dict) and value.get("unanswered") == "leave-out" else {*_REACHED, "budget"}
    return {**said, "paraphrases": _without(how, free if laid else {*free, "unanswered"})}


def _without(value: Any, keys: Collection[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: one if key == "params" else _without(one, keys) for key, one in value.items() if key not in keys}


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
