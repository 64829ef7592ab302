"""The extension points. A plugin implements one of these functions and names its module in the group `harness.plugins`.

A module may state `HARNESS_HOOKS = 1`, the version it was written for.
"""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from harness.protocols import BuilderSpec, GeneratorSpec, JudgmentSourceSpec, MetricSpec, TrainerSpec

# The version of the hooks, records and protocols that plugins are written for. It rises when a change asks something of their
# authors, and CHANGES then says what, by the version that brought it: a plugin that states an older `HARNESS_HOOKS` is told so.
VERSION = 1
CHANGES: dict[int, str] = {
    1: "a judgment source that reads tables in memory names the parameter (rows_argument, once reads_tables), and a builder is "
    "asked again after a stop: it yields the same rows each time, and what is to be left out as SetAside",
}

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


@hookspec
def harness_metrics() -> "list[MetricSpec]":  # type: ignore[empty-body]  # pluggy hook specs have no body
    """Metrics: each scores outputs, one result per output (or pair, or group)."""


@hookspec
def harness_dataset_builders() -> "list[BuilderSpec]":  # type: ignore[empty-body]  # as above
    """Dataset builders: each yields Examples."""


@hookspec
def harness_judgment_sources() -> "list[JudgmentSourceSpec]":  # type: ignore[empty-body]  # as above
    """Sources of human judgments: each yields Examples, Outputs, Judgments and Preferences."""


@hookspec
def harness_generators() -> "list[GeneratorSpec]":  # type: ignore[empty-body]  # as above
    """Generation back ends: each turns Examples and a model into Outputs."""


@hookspec
def harness_trainers() -> "list[TrainerSpec]":  # type: ignore[empty-body]  # as above
    """Trainers: each turns Examples and a base model into a checkpoint folder."""
