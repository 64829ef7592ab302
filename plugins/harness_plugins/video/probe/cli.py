"""To be written."""

import click


@click.group()
def probe() -> None:
    pass
