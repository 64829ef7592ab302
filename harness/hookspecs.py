"""The extension points. A plugin implements one of these functions and names its module in the group `harness.plugins`."""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from harness.protocols import BuilderSpec, GeneratorSpec, JudgmentSourceSpec, MetricSpec, TrainerSpec

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
