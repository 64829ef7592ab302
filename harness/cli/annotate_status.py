"""The owner's numbers of a rating study as text."""

from typing import Any

import click

from harness.cli.common import print_table


def print_status(found: dict[str, Any]) -> None:
    """Progress, speed and flags of each rater, then the agreement on each criterion, every figure with its n."""
    click.echo(f"{found['study']}: {found['items']} items, {found['outputs']} outputs")
    click.echo(
        f"{found['tasks_done']} of {found['tasks_total']} tasks done, {found['answers']} answers (checks and training left out)\n"
    )
    print_table(
        ["rater", "consent", "tasks", "median s", "checks passed", "look at"], [_rater(rater) for rater in found["raters"]]
    )
    drifts = [row for rater in found["raters"] for row in _drift(rater)]
    if drifts:
        click.echo("\nRatings minus the others' mean on shared outputs; first and second half")
        print_table(["rater", "criterion", "all", "first", "second"], drifts)
    click.echo("\nAgreement")
    print_table(["criterion", "raters", "alpha", "Fleiss' kappa"], [_agreement(one) for one in found["agreement"]])
    pairs = [[_criterion(one), f"{p['a']} – {p['b']}", _number(p["exact"], p["n"]), _number(p["alpha"], p["n"])]
             for one in found["agreement"] for p in one["pairwise"]]  # fmt: skip
    if pairs:
        click.echo("\nPairwise")
        print_table(["criterion", "pair", "same answer", "alpha"], pairs)


def _rater(rater: dict[str, Any]) -> list[str]:
    return [
        rater["pseudonym"],
        "yes" if rater["consented"] else "no",
        f"{rater['done']} of {rater['total']}",
        _number(rater["median_seconds"], rater["n_seconds"], 1),
        f"{rater['checks_done'] - rater['checks_failed']} of {rater['checks_done']}",
        ", ".join(rater["flags"]),
    ]


def _drift(rater: dict[str, Any]) -> list[list[str]]:
    return [
        [
            rater["pseudonym"],
            criterion,
            _number(d["difference"], d["n"], sign=True),
            _number(d["early"], d["n_early"], sign=True),
            _number(d["late"], d["n_late"], sign=True),
        ]
        for criterion, d in rater["drift"].items()
        if d["n"]
    ]


def _agreement(one: dict[str, Any]) -> list[str]:
    level = "ordinal" if one["form"] == "rate" else "nominal"
    alpha = f"{_number(one[f'alpha_{level}'], one['n'])} ({level})"
    return [_criterion(one), str(one["raters"]), alpha, _number(one["fleiss_kappa"], one["n_fleiss"])]


def _criterion(one: dict[str, Any]) -> str:
    return one["criterion"] if one["form"] == "rate" else f"compare:{one['criterion']}"


def _number(value: float | None, n: int, digits: int = 2, *, sign: bool = False) -> str:
    """`0.63 n=57`; a dash where there is no value."""
    shown = "–" if value is None else f"{value:{'+' if sign else ''}.{digits}f}"
    return f"{shown} n={n}"
