"""Mutants: what is changed, and what is left alone."""

import ast
import textwrap

import pytest
from benchmark_scripts import benchmark

mutator = benchmark("gate_mutator")


def made(source: str) -> set[str]:
    """The changed lines of every mutant."""
    text = textwrap.dedent(source)
    return {list(mutator.changed_line(text, mutant))[1] for mutant in mutator.mutants(text)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {"x = a <= b"}),
        ("x = a is  not b", {"x = a is b"}),
        ("x = (a) + (b)", {"x = (a) - (b)"}),
        ("x = 'å' and b", {"x = 'å' or b"}),
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = 0.5", {"x = 1.0"}),
        ("x = np.maximum(a, b)", {"x = np.minimum(a, b)"}),
        ("x = a if b else c", {"x = a if (not (b)) else c"}),
        ("x -= y", {"x += y", "pass"}),
        ("x = -y", {"x = (y)"}),
        ("x = not y", {"x = (y)"}),
        ("log.append(x)", {"pass", "log.extend(x)"}),
    ],
)
def test_one_place_becomes_another(source, expected):
    assert made(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of 3 words."""',
        "def f(x: int | None) -> int | None: ...",
        "raise ValueError('at most ' + str(3))",
        "assert x < 3",
        "x = f'{a + b}'",
        "x = 'a' + b",
        "kind: Literal[1, 2]",
        "if TYPE_CHECKING:\n    import numpy",
    ],
)
def test_what_no_score_shows_is_left_alone(source):
    assert made(source) == set()


def test_every_mutant_compiles_and_differs_in_one_place():
    text = benchmark("gate_copies").ROOT.joinpath("plugins/harness_plugins/metrics/lcs.py").read_text(encoding="utf-8")
    found = mutator.mutants(text)
    assert len(found) > 30
    for mutant in found:
        changed = mutant.applied(text)
        ast.parse(changed)
        assert changed != text
        assert len(changed) - len(text) == len(mutant.new) - len(mutant.old)
