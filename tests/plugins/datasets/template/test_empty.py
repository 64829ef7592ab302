"""An empty value is never written, whatever filter or operator a template wraps around it."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.template.builder import TemplateBuilder
from harness_plugins.datasets.template.engine import Engine
from harness_plugins.datasets.template.problems import RowProblem

from harness.build.rows import SetAside


@pytest.mark.parametrize("empty", ["", "  ", None])
@pytest.mark.parametrize(
    "source",
    [
        *("x|cited", "x|upper", "x|string", "x|sentence", "x|length", "x|slug", "[x]|quoted|first", "[x, 'b']|listed"),
        *(
            "[x, 'b']|join(', ')",
            "'Text: ' ~ x",
            "'a' if x is string and x else 'Text: ' ~ x",
            "x|upper_first|cited",
            "x.y|cited",
        ),
    ],
)
def test_nothing_around_an_empty_value_makes_it_a_text(source: str, empty: Any) -> None:
    values = {"x": {"y": empty} if "x.y" in source else empty}
    if source.startswith("'a' if") and empty == "  ":
        return  # the condition holds: a blank is shown by nobody
    with pytest.raises(RowProblem) as caught:
        Engine().template("Omdöme: {{ " + source + " }}").render(values)
    assert caught.value.reason == "empty-value"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% if x|trim %}{{ x }}{% else %}inget{% endif %}", "inget"),
        ("{{ x|default('inget', true) }}", "inget"),
        ("{{ 'a' ~ (x or '') ~ 'b' }}", "ab"),
        ("{{ 'a' ~ y[:0] ~ y }}", "ay"),
        ("{{ 'inget' if x|length == 0 else x }}", "inget"),
        ("{{ y ~ (' ' if x else '') }}", "y"),
    ],
)
def test_what_the_author_lets_be_empty_may_be(source: str, shown: str) -> None:
    assert Engine().template(source).render({"x": "", "y": "y"}) == shown


def test_a_field_is_text_too_but_may_ask_how_long_something_is() -> None:
    engine = Engine()
    with pytest.raises(RowProblem, match="a value is empty"):
        engine.expression("x|cited", shown=True).value({"x": ""})
    with pytest.raises(RowProblem, match="a value is empty"):
        engine.expression("y ~ ' ' ~ x", shown=True).value({"x": "", "y": "y"})
    assert engine.expression("x|length > 3", shown=True).value({"x": ""}) is False
    assert engine.expression("x|length", shown=True).value({"x": ""}) == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("source", ["{{ x }}", "{{ x|string }}", "{{ x|decimal }}", "{{ 'a' ~ x }}", "{{ [x]|join }}"])
def test_what_is_no_number_is_not_written(source: str, number: float) -> None:
    with pytest.raises(RowProblem, match="no number"):
        Engine().template(source).render({"x": number})


def test_a_few_empty_rows_are_set_aside_and_stop_no_build(tmp_path: Path) -> None:
    rows = [{"text": ""}, {"text": None}]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "set: s\nlanguage: sv\ntask: t\nlicence: CC0-1.0\nsplits: {train: r.jsonl}\n"
        "templates:\n- {id: x, instruction: 'Läs {{ text|cited }}', response: ja}\n",
        encoding="utf-8",
    )
    found = list(TemplateBuilder(str(tmp_path / "s.yaml")).examples())
    assert [row.reason for row in found if isinstance(row, SetAside)] == ["empty-value", "empty-value"]
    assert "template x: a value is empty" in str(found[0])
