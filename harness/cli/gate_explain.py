"""Shows the pairs that moved most, side by side; `--bisect` looks for the version of a package that moved them."""

from typing import Any

import click

from harness.cli.common import json_option, notice, plugin_files, plugin_option, print_json, quiet_option, registry


@click.command(help=__doc__)
@click.argument("metric", required=False)
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml in this folder.")
@click.option("--pairs", "most", type=click.IntRange(0), default=5, show_default=True, metavar="N", help="Pairs of each metric.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown, for an issue or a comment.")
@click.option(
    "--bisect", "package", metavar="PACKAGE", help="Which version of this package moved METRIC: asks at several of them."
)
@click.option("--from", "first", metavar="VERSION", help="With --bisect: one end; default the version of the baseline.")
@click.option("--to", "last", metavar="VERSION", help="With --bisect: the other end; default the version installed.")
@plugin_option
@json_option
@quiet_option
@click.pass_obj
def explain(
    given: Any,
    metric: str | None,
    config: str | None,
    most: int,
    as_markdown: bool,
    package: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
) -> None:
    import msgspec

    from harness.gate.baseline import read_baseline
    from harness.gate.caches import fresh_caches
    from harness.gate.config import chosen, load_gate
    from harness.gate.explain import changed_versions
    from harness.gate.explain import explain as explained_by
    from harness.gate.explain_parts import explain_judges, explain_statistics
    from harness.gate.measure import measure
    from harness.gate.shown import markdown, terminal

    if (first or last) and not package:
        raise click.UsageError("--from and --to go with --bisect PACKAGE")
    loaded = load_gate(config or (given[0] if given else None))
    if package:
        if not metric:
            raise click.UsageError("--bisect asks one metric: `harness gate explain METRIC --bisect PACKAGE`")
        _bisect(loaded, metric, package, first, last, as_json)
        return
    named = (metric,) if metric else tuple(given[1]) if given else ()
    before = read_baseline(loaded.baseline)
    exact = tuple(ref for ref in loaded.metrics if str(ref) == metric)
    wanted = chosen(loaded, named)
    if exact:  # a metric's label is often another one's name
        wanted = msgspec.structs.replace(wanted, metrics=exact)
    with fresh_caches():
        measured = measure(wanted, registry(wanted.plugins), notice, ("scores", "judges", "statistics"))
        found = explained_by(before, measured, most)
    found += [*explain_judges(before, measured, most), *explain_statistics(before, measured, most)]
    versions = changed_versions(before)
    if as_json:
        print_json({"metrics": found, "versions": versions})
        return
    if not named and not as_markdown:
        still = [one for one in found if not one.moved and one.signature == one.signature_before and not one.unknown]
        found = [one for one in found if one not in still]
        if still:
            click.echo(f"{len(still)} metrics score as in the baseline: {', '.join(one.metric for one in still)}\n")
    for line in (markdown if as_markdown else terminal)(found, versions):
        click.echo(line)


def _bisect(loaded: Any, metric: str, package: str, first: str | None, last: str | None, as_json: bool) -> None:
    from harness.gate.bisect import bisect, told

    result = bisect(loaded, metric, package, first, last, plugin_files(), notice)
    if as_json:
        print_json(result)
        return
    for line in told(result):
        click.echo(line)
