"""Videos and their tokens: what a folder holds, and a page that shows segments as frames with their text."""

import click

from harness_plugins.video.cli_info import info
from harness_plugins.video.cli_preview import preview


@click.group(help=__doc__)
def video() -> None:
    pass


video.add_command(info)
video.add_command(preview)
