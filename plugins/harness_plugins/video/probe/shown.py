"""What a probe prints when it is done: the answer, what to know before trusting it, and where its page lies."""

from collections.abc import Iterable
from pathlib import Path

import click

from harness.cli.plain import plain
from harness_plugins.video.probe.analysis import Analysis
from harness_plugins.video.probe.told import answer, warnings


def echo_answer(analysis: Analysis, written: Iterable[Path]) -> None:
    """Prints it; the tables are on the page."""
    for sentence in answer(analysis):
        click.echo(plain(f"- {sentence}"))
    click.echo("before you trust it:")
    for warning in warnings(analysis):
        click.echo(plain(f"- {warning}"))
    click.echo(plain(" and ".join(map(str, written))))
