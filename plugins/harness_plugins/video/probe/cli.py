"""Imageability probe: whether seeing helps with words that one can picture."""

from pathlib import Path

import click

from harness.cli.file_group import FileGroup


@click.group(cls=FileGroup, folder=Path(__file__).parent, package=__package__, help=__doc__)
def probe() -> None:
    pass
