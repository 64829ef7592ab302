"""Which words would be probed, how often, and how easy they are to picture; no model is needed."""

from typing import Any

import click

from harness.cli.common import json_option, print_json, quiet_option
from harness.cli.plain import plain
from harness_plugins.video.probe.references import Table

_ABSENT = 10  # words of the norms that are named where they stand in no text


@click.command(
    "words",
    help=f"""{__doc__}

DATA is a build's folder, or examples as JSON Lines. The norms are Glasgow's (`harness data get glasgow-norms`) unless --norms
names a table with columns `word` and `imageability` (or `value`), or mrc or lancaster with the path of their file. --norms,
--classes and --frequencies say what `norms`, `classes` and `frequencies` say in the config of `harness probe run`, with the same
parameters behind a colon. --write makes an example of each occurrence, which the generator video-mlm and the metric
imageability-probe take in `harness run`.

\b
harness probe words builds/video --split test
harness probe words builds/video --norms norms-sv.csv --language sv
harness probe words builds/video --norms 'norms-sv.csv:word=ord,value=bildbarhet,scale=[1,7],lemmas=lemmas-sv.csv'
harness probe words builds/video --norms mrc:path=mrc2.dct --classes classes.csv --frequencies subtlex.csv:word=Word,zipf=Zipf
""",
)
@click.argument("data", metavar="DATA")
@click.option(
    "--norms",
    type=Table("source"),
    metavar="SOURCE[:KEY=VALUE,…]",
    help="A table of norms, glasgow, mrc or lancaster, and what `norms` holds in a config: path, word, value, scale, language, "
    "word_class, frequency, lemmas, twice. Default: glasgow.",
)
@click.option(
    "--classes",
    type=click.Path(),
    metavar="TABLE",
    help="Word classes: a table of `word` and `word_class` (or `class`).",
)
@click.option(
    "--frequencies",
    type=Table("path"),
    metavar="TABLE:KEY=COLUMN,…",
    help="Frequencies of a table, by its column of counts (count=COLUMN) or of log frequencies (zipf=COLUMN); word=COLUMN where "
    "words have another than `word`. Default: counted in the split `train`.",
)
@click.option("--language", metavar="TAG", help="Only texts in this language.")
@click.option("--split", default="test", show_default=True, metavar="NAME", help="Examples of this split, as run asks; or all.")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="Occurrences of a word that are probed.")
@click.option("--first", type=click.IntRange(min=1), default=30, show_default=True, help="Words that are shown.")
@click.option("--write", "out", type=click.Path(dir_okay=False), metavar="FILE", help="Write an example of each (JSON Lines).")
@json_option
@quiet_option
def command(
    data: str,
    norms: dict[str, Any] | None,
    classes: str | None,
    frequencies: dict[str, Any] | None,
    language: str | None,
    split: str,
    most: int,
    first: int,
    out: str | None,
    as_json: bool,
) -> None:
    from pathlib import Path

    from harness.experiment_examples import read_examples
    from harness_plugins.video.probe.config import Probing
    from harness_plugins.video.probe.subject import subject_of

    probe = Probing(
        norms=norms or {},
        classes=classes,
        frequencies=frequencies,
        language=language,
        split=None if split == "all" else split,
        most=most,
    )
    subject = subject_of(read_examples(data), probe, data)
    if out is not None:
        from harness.whole_files import replace_file
        from harness_plugins.video.probe.subject import questions

        replace_file(Path(out), questions(subject))
    table = subject.table
    rows = sorted(
        (
            {
                "word": word,
                "imageability": float(table.imageability[place]),
                "frequency": None if table.frequency[place] != table.frequency[place] else float(table.frequency[place]),
                "word_class": table.classes[place],
                "occurrences": subject.found.counts[word],
            }
            for place, word in enumerate(table.words)
        ),
        key=lambda row: (-int(str(row["occurrences"])), str(row["word"])),
    )
    absent = subject.found.absent
    if as_json:
        told = {"words": rows, "absent": len(absent), "absent_words": absent}
        print_json({**told, "examples": len(subject.examples), "notes": subject.notes})
        return
    click.echo(plain(f"{'word':24} {'imageability':>12} {'Zipf':>9} {'class':8} occurrences"))
    for row in rows[:first]:
        often = "–" if row["frequency"] is None else f"{row['frequency']:.2f}"
        click.echo(
            plain(f"{row['word']:24} {row['imageability']:12.2f} {often:>9} {row['word_class'] or '–':8} {row['occurrences']}")
        )
    if len(rows) > first:
        click.echo(f"… and {len(rows) - first} more words")
    named = f" ({', '.join(absent[:_ABSENT])}{' …' * (len(absent) > _ABSENT)})" if absent else ""
    click.echo(
        plain(
            f"{len(rows)} words of {subject.norms.name} stand in {len(subject.examples):,} texts, {len(subject.occurrences):,} "
            f"occurrences would be probed; {len(absent):,} words of the norms are not there{named}"
        )
    )
    for note in subject.notes:
        click.echo(plain(f"note: {note}"))
