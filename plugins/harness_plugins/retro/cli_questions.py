"""Short questions that a model answers exactly, with retrieval (ON) and without (OFF), from one checkpoint."""

from typing import Any

import click

from harness.cli.common import json_option, print_json, print_table, quiet_option
from harness.cli.evaluation import dry_run_option
from harness.cli.plain import plain
from harness.cli.progress import progress
from harness_plugins.retro.analysis_options import params_option, retriever_option


@click.command(
    "questions",
    help=f"""{__doc__}

MODEL is the folder `model` of a training, QUESTIONS `swequad-mc`, a file of SweQUAD's JSON, or JSON Lines with `question`,
`answer` and, where it is about one, `document` (its text). Those are asked whose document is in the database and whose answer is
short, each behind six others with their answers, so that its chunk ends with the prompt. Intervals are over questions.

\b
harness retro questions runs/retro/model swequad-mc
harness retro questions runs/retro/model mine.jsonl --number 50 --show 5
""",
)
@click.argument("model", type=click.Path(file_okay=False), metavar="MODEL")
@click.argument("questions", metavar="QUESTIONS")
@click.option("--database", "-d", type=click.Path(file_okay=False), metavar="DIR", help="Retrieved from; default the training's.")
@retriever_option
@params_option
@click.option("--neighbours", "-k", type=click.IntRange(min=1), metavar="N", help="Of each chunk; default the training's.")
@click.option("--number", "-n", type=click.IntRange(min=1), default=100, show_default=True, help="Questions asked at most.")
@click.option("--show", type=click.IntRange(min=0), default=0, metavar="N", help="Prints so many answers.")
@click.option("--level", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of the intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the order of questions.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, …")
@dry_run_option
@json_option
@quiet_option
def command(
    model: str,
    questions: str,
    database: str | None,
    retriever: str | None,
    params: dict[str, Any],
    neighbours: int | None,
    number: int,
    show: int,
    level: float,
    seed: int,
    device: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    from harness_plugins.retro.experiments.question_files import asked_and_shots
    from harness_plugins.retro.experiments.questions import ask, summary
    from harness_plugins.retro.live import open_checkpoint
    from harness_plugins.retro.retrieval import open_retrieval

    retrieval = open_retrieval(model, database, retriever, params or None, neighbours)
    known = {entry.sha256 for entry in retrieval.database.entries}
    asked, shots = asked_and_shots(questions, known, retrieval.database.tokenizer, number, seed)
    said = (
        f"{len(asked):,} questions of {questions}, {retrieval.neighbours} neighbours of each chunk by {retrieval.name} from "
        f"{retrieval.database.folder}"
    )
    if dry_run:
        click.echo(plain(f"{said}; nothing was computed (--dry-run)"))
        return
    opened = open_checkpoint(model, device)
    with progress() as report:
        on, off = (
            ask(
                opened,
                retrieval,
                asked,
                shots,
                reads=reads,
                report=lambda done, total, way=way: report(f"questions {way}", done, total),  # type: ignore[misc]
            )
            for way, reads in (("ON", True), ("OFF", False))
        )
    rows = {"ON": summary(on, level), "OFF": summary(off, level)}
    there = sum(one.there for one in on)
    if as_json:
        print_json({"reading": said, "ways": rows, "answer_in_neighbours": there, "on": on, "off": off})
        return
    click.echo(plain(said))
    print_table(
        ["retrieval", "questions", "answered exactly", f"share [{100 * level:g} %]"],
        [
            [way, f"{one.asked:,}", f"{one.right:,}", f"{one.share:.3f} [{one.low:.3f} {one.high:.3f}]"]
            for way, one in rows.items()
        ],
    )
    click.echo(plain(f"the answer stands in a neighbour of {there:,} of {len(on):,} prompts"))
    for with_, without in zip(on[:show], off, strict=False):
        click.echo(plain(f"{with_.question} ({with_.answer})\n  ON: {with_.said!r}\n  OFF: {without.said!r}"))
