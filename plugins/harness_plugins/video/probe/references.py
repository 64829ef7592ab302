"""Tables as a command line writes them: `mrc:path=mrc2.dct,twice=omit` for a config's `{source: mrc, path: …, twice: omit}`."""

from typing import Any

import click

from harness.errors import PluginError
from harness.registry import parse_ref


class Table(click.ParamType):
    """A bare word (`argument`: the parameter that it sets), and others behind a colon: the mapping that a config has there."""

    name = "table"

    def __init__(self, argument: str) -> None:
        self.argument = argument

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """`n.csv:word=ord` as `{source: n.csv, word: ord}`. BadParameter for what is not written so."""
        if isinstance(value, dict):
            return value
        usage = f"{self.argument.upper()}:key=value,key=value"
        if not value.strip():
            self.fail(f"expected {self.argument.upper()} or {usage}, got nothing", param, ctx)
        try:
            return dict(parse_ref(f"{self.name}:{value}", self.argument).params)
        except PluginError as error:
            said = str(error).replace(f"{self.name}:{value}", str(value), 1)
            self.fail(f"{said}; write {usage}", param, ctx)
