"""Writes what meta-evaluations say of metrics into one file without texts, to hand on and to put beside boards."""

from collections import Counter
from pathlib import Path

import click

from harness.cli.common import json_option, notice, print_json, print_table, quiet_option


@click.command(
    name="evidence",
    help=f"""{__doc__}

RUNS are run folders of `harness metaeval`, or files that this command wrote. Each metric, criterion and kind of answer has a
line: what `harness advise` says of it, with its accuracy and its items. The file holds numbers and names, no text that was
rated, and goes where a run's folder goes: `--metaeval FILE`, or `metaevaluations:` in a config. Without --out the lines are
printed and nothing is written. Of two that say the same thing of one set, the first counts.

\b
harness leaderboard evidence runs/ratings --out evidence.json
harness leaderboard show runs/board --metaeval evidence.json
""",
)
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True), metavar="RUNS...")
@click.option("--out", "--output", "-o", "out", type=click.Path(dir_okay=False), metavar="FILE", help="The file to write.")
@click.option("--force", is_flag=True, help="Replace a file that no such command wrote.")
@json_option
@quiet_option
def command(runs: tuple[str, ...], out: str | None, force: bool, as_json: bool) -> None:
    from harness import __version__
    from harness.cli.plain import plain
    from harness.errors import InputError
    from harness.leaderboard.evidence import gathered, is_evidence, write_evidence
    from harness.out_files import check_not_of_run

    found, licences = gathered(runs)
    if out is not None:
        path = Path(out)
        check_not_of_run(path)
        if path.is_file() and path.stat().st_size and not force and not is_evidence(path):
            raise InputError(f"{path} is there already, and no file of evidence: name another file, or say --force")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_evidence(path, found, {"by": "harness leaderboard evidence", "harness": __version__, "licences": licences})
    if as_json:
        print_json({"file": out, "evidence": found, "licences": licences})
        return
    print_table(
        ("set", "metric", "criterion", "slice", "verdict", "accuracy", "floor", "items"),
        [
            (
                plain(one.set_name), plain(one.metric.partition("|")[0]), plain(one.criterion), plain(one.slice), one.verdict,
                _spread(one.value, one.low, one.high), "" if one.floor is None else f"{one.floor:.3f}", str(one.items),
            )
            for one in found
        ],
    )  # fmt: skip
    if out is None:
        notice("nothing was written: name a file with --out")
    else:
        sets = Counter(one.set_name for one in found)
        told = (f"{n} findings on {plain(name)} ({plain(_licence(licences, name))})" for name, n in sets.items())
        click.echo(f"{plain(out)}: {', '.join(told)}")


def _spread(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f} [?]" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _licence(licences: dict[str, str | None], name: str) -> str:
    return f"licence of its data: {licences.get(name) or 'not said'}"
