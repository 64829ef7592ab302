"""What the commands of analyses share: which checkpoint reads which corpus, how intervals are drawn, where a section is left."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness_plugins.retro.options import parse_params

if TYPE_CHECKING:
    from harness.report.contents import Section
    from harness_plugins.retro.analyses.measured import Report

_OPTIONS = (
    click.argument("model", type=click.Path(file_okay=False), metavar="MODEL"),
    click.option("--corpus", "-c", type=click.Path(file_okay=False), metavar="DIR", help="What is read; default the database."),
    click.option(
        "--database",
        "-d",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="What is retrieved from; default the training's.",
    ),
    click.option(
        "--neighbours", "-k", type=click.IntRange(min=1), metavar="N", help="Neighbours of each chunk; default the training's."
    ),
    click.option("--length", type=click.IntRange(min=1), metavar="TOKENS", help="Of sequences: a multiple of the chunk."),
    click.option(
        "--documents", type=click.IntRange(min=1), metavar="N", help="Read so many documents, drawn by the seed; default all."
    ),
    click.option("--resamples", type=click.IntRange(min=100), default=1000, show_default=True, help="Draws of the documents."),
    click.option("--level", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of the intervals."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws."),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, …"),
)
retriever_option = click.option("--retriever", "-r", metavar="NAME", help="Another retriever than the training's.")
params_option = click.option(
    "--param",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    callback=lambda ctx, parameter, value: parse_params(value),
    help="A parameter of the retriever. Repeatable.",
)

section_option = click.option(
    "--section",
    type=click.Path(exists=True, file_okay=False),
    metavar="RUN",
    help="Also leaves it as a section for `harness report RUN`.",
)


def analysis_options(*, retriever: bool = True, params: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """MODEL and the options; `retriever`, `params`: whether another may be chosen, and its parameters."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed((*_OPTIONS, *((retriever_option,) if retriever else ()), *((params_option,) if params else ()))):
            command = option(command)
        return command

    return add


def opened(
    model: str,
    corpus: str | None,
    database: str | None,
    neighbours: int | None,
    length: int | None,
    documents: int | None,
    seed: int,
    device: str,
    retriever: str | None = None,
    params: dict[str, Any] | None = None,
) -> Any:
    """The Reading that the options name."""
    from harness_plugins.retro.analyses.measured import open_reading

    return open_reading(
        model,
        corpus,
        database=database,
        retriever=retriever,
        params=params or None,
        neighbours=neighbours,
        length=length,
        documents=documents,
        seed=seed,
        device=device,
    )


def said(reading: Any) -> str:
    """What is read, with what, in a line."""
    found = reading.retrieval
    return (
        f"{int(reading.rows.tokens.sum()):,} tokens of {reading.corpus.folder} in {len(reading.rows):,} sequences, "
        f"{found.neighbours} neighbours of each chunk by {found.name} from {found.database.folder}"
    )


def both(reading: Any, report: "Report") -> tuple[Any, Any]:
    """Losses OFF, and what reading with neighbours gave."""
    numbers = reading.numbers(report)
    return reading.off(report), reading.on(numbers, report)


def leave(run: str, model: str, reading: Any, section: "Section", notes: "Sequence[str]" = ()) -> None:
    """Leaves a section for the report of a run: one for each model, corpus and retrieval, in place of an earlier one of the same.

    `notes`: what a reader must know, warnings of the report.
    """
    import msgspec

    from harness.report.kept_sections import leave_section

    found = reading.retrieval
    which = [Path(model).resolve(), reading.corpus.digest, found.database.digest, found.name, found.params, found.neighbours]
    digest = hashlib.sha256("\0".join(map(str, which)).encode()).hexdigest()[:8]
    folder = Path(model).resolve()
    whose = folder.parent.name if folder.name == "model" else folder.name
    told = msgspec.structs.replace(
        section,
        id=f"{section.id}-{digest}",
        title=f"{section.title}: {whose}",
        lead=f"{section.lead} {whose} reads {said(reading)}.",
        figures=tuple(msgspec.structs.replace(one, id=f"{one.id}-{digest}") for one in section.figures),
    )
    leave_section(Path(run), told.id, told, tuple(notes))
