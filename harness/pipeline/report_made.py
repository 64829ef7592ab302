"""What an experiment's report shows of what was made: data, trainings with their losses, and answers to read."""

from collections.abc import Iterator
from hashlib import sha256

from harness.pipeline.finished import Finished
from harness.records import Example, Output
from harness.report.contents import DataTable, Figure, TableColumn, Words
from harness.report.training import training_figures, training_notes, training_sentences

_READ = 12  # items with their answers
Cell = float | int | str | None


def training_parts(done: Finished) -> Iterator[Figure]:
    """What each training was given and came to in a sentence or two, its curves, and what it says of itself."""
    if not done.trained:
        return
    given = [
        f"{name}: {one['examples']:,} examples"
        + "".join(f"; {count:,} left out ({reason})" for reason, count in one["left_out"].items())
        + "."
        for name, one in done.about["trainings"].items()
    ]
    told = [sentence for one in done.trained for sentence in training_sentences(one)]
    notes = [note for one in done.trained for note in training_notes(one)]
    yield Words(id="given", title="In words", paragraphs=(*given, *told, *notes), listed=True)
    yield from training_figures(done.trained)


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
