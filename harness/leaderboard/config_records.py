"""What a leaderboard's config says: models, tasks, and what tells how far the metrics can be trusted."""

from typing import Literal

import msgspec

from harness.registry import PluginRef

SEED = 1234  # lm-eval's own, of the examples in prompts


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars: for a million tokens read (`input`) and written (`output`), and for an hour of the machine (`hour`)."""

    input: float = 0.0
    output: float = 0.0
    hour: float = 0.0


class BoardModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model under the name that it has on the board, opened as one of lm-eval's models or by a generator plugin.

    A parameter `train:NAME` is the checkpoint of that training (`LeaderboardConfig.trainings`).
    """

    name: str
    by: Literal["lm_eval", "generator"]
    plugin: PluginRef
    price: Price | None = None


class BoardTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task, a tag or a group of lm-eval's; what is None is as the config (`limit`, `shots`) or the task says."""

    name: str
    limit: int | None = None
    shots: int | None = None


class LeaderboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `harness leaderboard run` does.

    `task_folders`: searched before the shipped tasks; `lm_eval_tasks`: lm-eval's own too (indexing them takes half a minute).
    `limit`: the first items of each task; `shots`: examples in the prompt; `chat`: prompts in the model's chat template.
    `metrics`: plugins that also score the kept answers of tasks that generate. `metaevaluations`: run folders that tell how far
    metrics agree with people. `trainings`: a run folder of `harness train`, for `train:NAME` and for contamination flags.
    `seed`: of the examples in prompts, and of resampling.
    """

    name: str
    models: tuple[BoardModel, ...]
    tasks: tuple[BoardTask, ...]
    task_folders: tuple[str, ...] = ()
    lm_eval_tasks: bool = False
    limit: int | None = None
    shots: int | None = None
    chat: bool = False
    metrics: tuple[PluginRef, ...] = ()
    metaevaluations: tuple[str, ...] = ()
    trainings: str | None = None
    seed: int = SEED
    output: str
    plugins: tuple[str, ...] = ()
