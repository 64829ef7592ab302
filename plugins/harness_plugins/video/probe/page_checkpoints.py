"""Section of the checkpoints that were probed: what each says of its training."""

from collections.abc import Sequence
from typing import Any

from harness.report.contents import DataTable, Section, TableColumn
from harness_plugins.video.probe.asking import facts_in
from harness_plugins.video.probe.config import ModelAt


def checkpoints(models: Sequence[ModelAt]) -> Section:
    """A row for each; what a checkpoint does not say is left empty."""
    columns = [TableColumn(name="size"), TableColumn(name="trained with")]
    columns += [TableColumn(name=name, numeric=True) for name in ("seed", "parameters", "steps", "loss")]
    table = DataTable(
        id="checkpoints-table",
        title="Checkpoints",
        caption="Steps: of the training that made it, and of none before that. Loss: mean of the last tenth of them, nats a "
        "masked token. Twins of other numbers of steps differ in more than the video.",
        columns=(*columns, TableColumn(name="checkpoint")),
        rows=tuple(_row(one) for one in models),
    )
    return Section(id="checkpoints", title="What was probed", figures=(table,))


def _row(at: ModelAt) -> tuple[Any, ...]:
    facts = facts_in(at.path)
    losses = [one for one in facts.get("losses") or [] if isinstance(one, int | float)]
    last = losses[-max(1, len(losses) // 10) :]
    loss = sum(last) / len(last) if last else None
    return at.size, at.trained, at.seed, facts.get("parameters"), facts.get("steps"), loss, str(at.path)
