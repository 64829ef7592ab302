"""To be written."""

import click


@click.group()
def video() -> None:
    pass
