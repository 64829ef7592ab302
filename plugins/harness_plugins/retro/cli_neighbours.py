"""Finds the neighbours of a corpus's chunks in a database and keeps them in a table, resumably."""

import click

from harness.errors import InputError


@click.command("neighbours", help=__doc__)
def command() -> None:
    raise InputError("not there yet")
