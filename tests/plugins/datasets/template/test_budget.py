"""A template file from a stranger ends in time and within memory, whatever it asks for."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.template.budget import WORK, Budget
from harness_plugins.datasets.template.builder import TemplateBuilder
from harness_plugins.datasets.template.engine import Engine
from harness_plugins.datasets.template.problems import RowProblem

from harness.build.rows import SetAside
from harness.records import Example

SET = """
set: s
language: sv
task: t
licence: CC0-1.0
splits: {train: rows.jsonl}
FIELDS
templates:
  - id: x
    instruction: "Fråga {{ text }} SHOWN"
    response: svar
"""


def built(folder: Path, fields: str, shown: str = "") -> list[Example | SetAside]:
    (folder / "rows.jsonl").write_text(json.dumps({"text": "Hej på dig"}) + "\n", encoding="utf-8")
    (folder / "s.yaml").write_text(SET.replace("FIELDS", fields).replace("SHOWN", shown), encoding="utf-8")
    return list(TemplateBuilder(str(folder / "s.yaml")).examples())


def doubling(first: str, more: str) -> str:
    steps = [f'f0: "{first}"', *(f'f{n}: "{more.replace("F", f"f{n - 1}")}"' for n in range(1, 46))]
    return "fields: {" + ", ".join(steps) + "}"


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ("text ~ text", "F ~ F"),
        ("text ~ text", "F + F"),
        ("[text, text]", "[F, F]"),
        ("[text, text]", "F + F"),
        ("{'a': text}", "{'a': F, 'b': F}"),
        ("text", "[F, F]|join(F)"),
        ("text", "F|join(F)"),
        ("[text]", "[F, F]|map('list')|list"),
        ("text", "[F, F]|string"),
    ],
)
def test_fields_that_double_each_other_come_to_an_end(tmp_path: Path, first: str, more: str) -> None:
    from harness.errors import HarnessError

    with pytest.raises(HarnessError, match=r"fields\.f\d+: .*(grow beyond 20,000,000 characters|too long)"):
        built(tmp_path, doubling(first, more), "{{ f45|length }}")


def test_a_field_that_nothing_uses_is_not_computed(tmp_path: Path) -> None:
    [row] = built(tmp_path, doubling("text ~ text", "F ~ F"))
    assert isinstance(row, Example)
    assert row.instruction == "Fråga Hej på dig"
    [row] = built(tmp_path, "fields: {broken: 1 / 0, first: \"text.split(' ')[0]\", both: first ~ '!'}", "{{ both }}")
    assert isinstance(row, Example)
    assert row.instruction == "Fråga Hej på dig Hej!"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("5|round(-1000000000)", "from -20 to 20"),
        ("5|round(1000000000, 'ceil')", "from -20 to 20"),
        ("[[1], [2]]|sum(start=[])", "sum adds numbers"),
        ("(x ~ x ~ x ~ x ~ x ~ x ~ x ~ x)|length", "grow beyond"),
        ("x|list|length", "grow beyond"),
        ("x.split(' ')|length", "grow beyond"),
        ("x.strip(x)", "at most 1,000"),
        ("x|trim(x)", "at most 1,000"),
        ("x|without_sentences(x)", "grow beyond"),
        ("few|shuffled(x)|length", "grow beyond"),
        ("few|map('shuffled', x)|list|length", "grow beyond"),
        ("few|select('in', x)|list|length", "grow beyond"),
        ("few|map('upper')|map('list')|map('join', x)|list|length", "too long|grow beyond"),
    ],
)
def test_no_filter_method_or_test_is_free(source: str, message: str) -> None:
    values = {"x": "a " * 1_500_000, "few": ["bc"] * 20}
    for run in (Engine().template("{{ " + source + " }}").render, Engine().expression(source).value):
        with pytest.raises(RowProblem, match=message):
            run(values)


def test_loops_pay_for_what_they_look_at() -> None:
    template = Engine().template("{% for a in few %}{% if x == x ~ a %}!{% endif %}{% endfor %}.")
    assert template.render({"few": ["a"] * 100, "x": "b" * 1000}) == "."
    with pytest.raises(RowProblem, match="grow beyond"):
        template.render({"few": ["a"] * 10_000, "x": "b" * 1000})


def test_a_constant_is_not_computed_while_the_template_is_read() -> None:
    template = Engine().template("{{ 5|round(-1000000000) }}")  # ends at once
    with pytest.raises(RowProblem, match="from -20 to 20"):
        template.render({})


def test_what_real_rows_need_is_far_below_the_limit() -> None:
    budget = Budget()
    text = "En mening om något. " * 2_500  # 50,000 characters
    source = "{{ text|cited }}{% for word in text.split('. ')[:50] %}{{ loop.index }}: {{ word|sentence }}{% endfor %}"
    assert len(Engine().template(source).render({"text": text}, budget)) > 50_000
    assert budget.work > 0.9 * WORK


def test_a_number_of_too_many_digits_is_an_error_of_the_template() -> None:
    from harness_plugins.datasets.template.problems import TemplateProblem

    with pytest.raises(TemplateProblem, match="digits"):
        Engine().template("{{ " + "9" * 5000 + " }}")


def test_the_limit_counts_a_value_as_often_as_it_is_written() -> None:
    shared: Any = "0123456789"
    for _ in range(60):
        shared = [shared, shared]
    with pytest.raises(RowProblem, match="grow beyond"):
        Engine().expression("x|string|length").value({"x": shared})
