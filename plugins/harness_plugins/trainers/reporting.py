"""What a training tells while it goes on: to TensorBoard, Weights & Biases or MLflow, step by step."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from harness.errors import MissingExtra
from harness.whole_files import replace_file
from harness_plugins.trainers.loop import Progress
from harness_plugins.trainers.selection import NOTE

_IDS = "report-ids.json"  # under which a service knows the training, so that one that was stopped goes on under it
_PACKAGES = {"tensorboard": "tensorboard", "wandb": "wandb", "mlflow": "mlflow"}
REPORTERS = tuple(_PACKAGES)


class Sink(Protocol):
    """One place that is told numbers."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """The values of a step; steps rise."""
        ...

    def close(self, status: str) -> None:
        """Nothing follows; `status`: "finished" or "failed"."""
        ...


def check_reporters(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """The names; ValueError for one that is none, MissingExtra with the line to run where its package is not installed."""
    listed = () if names is None else (names,) if isinstance(names, str) else tuple(names)
    for name in listed:
        if name not in _PACKAGES:
            raise ValueError(f"report_to takes {', '.join(REPORTERS)}, or a list of them, got {name!r}")
        if find_spec(_PACKAGES[name]) is None:
            raise MissingExtra(f"report_to={name} needs the package {_PACKAGES[name]!r}; install it with: pip install {name}")
    return listed


class Reporting:
    """A watcher (`loop.Watcher`) that tells every step of the first process: loss, learning rate, tokens per second, MFU, and
    what held-out examples gave.

    TensorBoard's files lie in `folder/tensorboard`. Projects, servers and keys of the other two are theirs to say (WANDB_PROJECT,
    MLFLOW_TRACKING_URI …); the run bears the folder's name.
    """

    def __init__(
        self,
        names: Sequence[str],
        folder: Path,
        settings: Mapping[str, Any],
        *,
        rate: Callable[[int, int], float],
        peak: Callable[[Any], float] | None = None,
    ) -> None:
        """`rate(step, steps)`: the learning rate of a step (from 0); `peak(learner)`: what MFU is a share of, operations a
        second."""
        self._names, self._folder, self._settings, self._rate, self._peak = tuple(names), folder, settings, rate, peak
        self._most: float | None = None
        self._sinks: list[Sink] | None = None
        self._before: tuple[int, float, float] | None = None

    def on_step(self, learner: Any, progress: Progress) -> bool:
        """Tells the step."""
        if self._sinks is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._most = self._peak(learner) if self._peak is not None else None
            self._sinks = [_OPEN[name](self._folder, self._settings, progress.step) for name in self._names]
        values = self._values(progress)
        for sink in self._sinks:
            sink.log(progress.step, values)
        return False

    def close(self, status: str = "finished") -> None:
        """Sends what is left."""
        for sink in self._sinks or ():
            sink.close(status)
        self._sinks = None

    def _values(self, progress: Progress) -> dict[str, float]:
        values = {"train/loss": progress.losses[-1], "train/learning_rate": self._rate(progress.step - 1, progress.total)}
        now = (progress.read, progress.flops, progress.seconds)
        if self._before is not None and now[2] > self._before[2]:
            tokens, flops, seconds = (new - old for new, old in zip(now, self._before, strict=True))
            values["speed/tokens_per_second"] = tokens / seconds
            if self._most:
                values["speed/mfu"] = flops / seconds / self._most
        self._before = now
        looks = progress.notes.get(NOTE) or [{"step": 0}]
        if looks[-1]["step"] == progress.step:
            values["held_out/value"] = looks[-1]["value"]
        return values


class _TensorBoard:
    def __init__(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=step)
        if step == 1:
            self._writer.add_text("settings", f"```\n{json.dumps(dict(settings), indent=2, default=str)}\n```")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self, status: str) -> None:
        self._writer.close()


class _Wandb:
    def __init__(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        import wandb

        known = _ids(folder)
        name = known.get("wandb") or secrets.token_hex(4)
        self._run: Any = wandb.init(
            id=name,
            resume="allow",
            name=folder.name,
            dir=str(folder),
            config=dict(settings),
            settings=wandb.Settings(save_code=False, x_disable_stats=True),
        )
        _remember(folder, known | {"wandb": name})
        # by a step of our own: wandb's only rises, and a training that was stopped goes on from its last checkpoint
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({"step": step, **values})

    def close(self, status: str) -> None:
        self._run.finish(exit_code=0 if status == "finished" else 1)


class _MLflow:
    def __init__(self, folder: Path, settings: Mapping[str, Any], step: int) -> None:
        import mlflow

        known = _ids(folder)
        self._mlflow: Any = mlflow
        run = mlflow.start_run(run_id=known.get("mlflow"), run_name=None if "mlflow" in known else folder.name)
        if "mlflow" not in known:
            mlflow.log_params({key: str(value)[:500] for key, value in settings.items()})
        _remember(folder, known | {"mlflow": run.info.run_id})

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(values), step=step)

    def close(self, status: str) -> None:
        self._mlflow.end_run("FINISHED" if status == "finished" else "FAILED")


_OPEN: dict[str, Callable[[Path, Mapping[str, Any], int], Sink]] = {
    "tensorboard": _TensorBoard,
    "wandb": _Wandb,
    "mlflow": _MLflow,
}


def _ids(folder: Path) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads((folder / _IDS).read_bytes()).items()}
    except (FileNotFoundError, ValueError, AttributeError):
        return {}


def _remember(folder: Path, ids: Mapping[str, str]) -> None:
    replace_file(folder / _IDS, json.dumps(dict(ids)).encode())
