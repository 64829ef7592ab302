"""What an experiment's report shows of what was made: data, trainings with their losses, and answers to read."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from harness.pipeline.finished import Finished
from harness.records import Example, Output
from harness.report.contents import DataTable, Figure, LinePlot, Series, TableColumn
from harness.stages.train import Trained

_LOSSES = "losses"  # of a trainer's facts: one number a step
_READ = 12  # items with their answers
_LISTED = 40  # facts of a training
Cell = float | int | str | None


def training_figures(done: Finished) -> Iterator[Figure]:
    """The loss curve of every training that told one, and a table of what trainings say of themselves."""
    series = [one for one in map(_curve, done.trained) if one is not None]
    if series:
        yield LinePlot(
            id="losses",
            title="Loss",
            caption="Mean loss (nats) of the learned tokens of each step, by training.",
            x_label="step",
            y_label="loss",
            series=tuple(series),
        )
    if not done.trained:
        return
    facts = {one.name: _plain_facts(one) for one in done.trained}
    keys = list(dict.fromkeys(key for own in facts.values() for key in own))[:_LISTED]
    rows: list[tuple[Cell, ...]] = []
    for one in done.trained:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in one.examples.items())
        rows.append((one.name, one.trainer, counts, *(facts[one.name].get(key) for key in keys)))
    yield DataTable(
        id="trainings",
        title="Trainings",
        caption="What each training was given, and what it says of itself.",
        columns=(
            TableColumn(name="training"),
            TableColumn(name="trainer"),
            TableColumn(name="examples"),
            *(TableColumn(name=key.replace("_", " "), numeric=_is_number(key, facts)) for key in keys),
        ),
        rows=tuple(rows),
    )


def build_tables(done: Finished) -> Iterator[DataTable]:
    """Rows of each build by builder, what was removed, and the splits."""
    rows: list[tuple[Cell, ...]] = []
    for name, built in done.about["builds"].items():
        for one in built["builders"]:
            rows.append((name, one["builder"], "rows", one["rows"]))
            if one["set_aside"]:
                rows.append((name, one["builder"], "set aside", one["set_aside"]))
        rows += [(name, one["stage"], f"removed: {one['reason']}", one["rows"]) for one in built["removed"]]
        rows += [(name, "split", split, count) for split, count in built["splits"].items()]
    if rows:
        yield DataTable(
            id="builds",
            title="Data sets",
            caption="Rows by builder, rows removed, and rows by split. Each build has a card of its own, below builds.",
            columns=(
                TableColumn(name="build"),
                TableColumn(name="builder or step"),
                TableColumn(name="what"),
                TableColumn(name="rows", numeric=True),
            ),
            rows=tuple(rows),
        )


def answer_tables(done: Finished) -> Iterator[DataTable]:
    """Some items with the answers of every system's first run, drawn by the digests of their ids."""
    examples = sorted(done.examples(), key=lambda one: sha256(one.id.encode()).digest())[:_READ]
    if not examples:
        return
    first = {runs[0]: group for group, runs in done.groups.items()}
    said: dict[tuple[str, str], Output] = {}
    for output in done.outputs():
        if output.system in first and output.sample == 0:
            said[output.example_id, first[output.system]] = output
    rows = []
    for one in examples:
        answers = [_text(said.get((one.id, group)), one) for group in done.groups]
        rows.append((one.id, one.split, one.instruction, " / ".join(one.references), *answers))
    yield DataTable(
        id="answers-table",
        title="Items and answers",
        caption=f"{len(rows)} of {len(done.examples()):,} items; of a system of several runs the first.",
        columns=(
            TableColumn(name="item"),
            TableColumn(name="split"),
            TableColumn(name="asked", sentence=True),
            TableColumn(name="reference", sentence=True),
            *(TableColumn(name=group, sentence=True) for group in done.groups),
        ),
        rows=tuple(rows),
    )


def _text(output: Output | None, example: Example) -> str | None:
    if output is None:
        return None
    if output.loglik is not None:
        best = max(range(len(output.loglik)), key=lambda place: output.loglik[place].sum if output.loglik else 0.0)
        return f"most likely: {example.choices[best]}"
    return output.text if output.finish != "error" else "(error)"


def _curve(trained: Trained) -> Series | None:
    losses = trained.facts.get(_LOSSES)
    if not isinstance(losses, list) or not losses or not all(isinstance(one, (int, float)) for one in losses):
        return None
    return Series(label=trained.name, x=tuple(float(step) for step in range(1, len(losses) + 1)), y=tuple(map(float, losses)))


def _plain_facts(trained: Trained) -> dict[str, Cell]:
    """The facts that are one number or one word each, and the ends of the loss."""
    found: dict[str, Cell] = {}
    losses = trained.facts.get(_LOSSES)
    if isinstance(losses, list) and losses:
        found = {"steps": len(losses), "first loss": losses[0], "last loss": losses[-1]}
    for key, value in trained.facts.items():
        if isinstance(value, (int, float, str)) and not isinstance(value, bool) and key not in found:
            found[key] = value
    return found


def _is_number(key: str, facts: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(isinstance(own.get(key, 0), (int, float)) for own in facts.values())
