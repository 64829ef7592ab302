"""Retrieval-augmented models: neighbours of a corpus, search, and the analyses of what retrieval does."""

from pathlib import Path

import click

from harness.cli.file_group import FileGroup


@click.group(cls=FileGroup, folder=Path(__file__).parent, package=__package__, help=__doc__)
def retro() -> None:
    pass
