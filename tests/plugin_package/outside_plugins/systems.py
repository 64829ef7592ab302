"""A command of its own: `harness systems REF` names the systems of a judgment set."""

import click

from harness.cli.common import registry
from harness.judgments import read_judgments


@click.command()
@click.argument("reference")
def systems(reference: str) -> None:
    """The systems of a judgment set, one a line."""
    found = registry()
    source = found.build("judgment source", found.parse("judgment source", reference))
    for system in read_judgments(source).systems:
        click.echo(system)
