"""What an instruction template may do, what it may cost, and what is said where it goes wrong."""

import pytest
from harness_plugins.datasets.template.engine import LONGEST, Engine
from harness_plugins.datasets.template.sandbox import STEPS, RowProblem, TemplateProblem


def test_a_template_shows_values_chooses_and_loops() -> None:
    template = Engine().template(
        "{{ question }}\n{% for option in options %}\n{{ loop.index }}. {{ option|upper_first }}\n{% endfor %}\n"
        "{{ 'Svara kort.' if short else 'Svara utförligt.' }}\n"
    )
    values = {"question": "Vad är en älg?", "options": ["ett djur", "en växt"], "short": True}
    assert template.render(values) == "Vad är en älg?\n1. Ett djur\n2. En växt\nSvara kort."


def test_an_expression_gives_values_of_any_kind() -> None:
    row = {"choices": [{"text": "a", "right": False}, {"text": "b", "right": True}], "id": "x_y_7"}
    assert Engine().expression("choices|selectattr('right')|map(attribute='text')|list").value(row) == ["b"]
    assert Engine().expression("id.rpartition('_')[0]").value(row) == "x_y"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'].__mro__ }}",
        "{{ x|attr('__class__') }}",
        "{{ x.format(1) }}",
        "{{ ['__class__']|map(attribute='__class__')|list|join }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ x.encode() }}",
        "{{ x.replace('a', 'b') }}",
        "{% include 'other' %}",
        "{% import 'other' as other %}",
        "{% macro m() %}{% endmacro %}",
        "{% set y = x %}",
        "{{ x * 1000000 }}",
        "{{ 9 ** 99999 }}",
        "{{ '%99999999d' % 1 }}",
        "{{ x|center(10000000) }}",
        "{{ range(10)|list|join }}",
        "{{ lipsum() }}",
        "{{ self }}",
    ],
)
def test_what_is_not_listed_cannot_be_done(source: str) -> None:
    engine = Engine()
    with pytest.raises((TemplateProblem, RowProblem)):
        engine.template(source).render({"x": "abc"})


def test_a_rendering_has_a_limit_in_turns_of_loops() -> None:
    template = Engine().template("{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}.")
    assert template.render({"x": [1] * 10}) == "."
    with pytest.raises(RowProblem, match=f"{STEPS:,} turns") as caught:
        template.render({"x": [1] * 1000})
    assert caught.value.reason == "too-long"


def test_a_rendering_has_a_limit_in_characters() -> None:
    template = Engine().template("{% for a in x %}{{ y }}{% endfor %}")
    with pytest.raises(RowProblem, match=f"{LONGEST:,} characters"):
        template.render({"x": [1] * 1000, "y": "å" * 5000})


@pytest.mark.parametrize(
    ("source", "values", "reason", "line", "message"),
    [
        ("a\n{{ premiss }}", {"premise": "x"}, "missing-value", 2, "there is no 'premiss' here. Did you mean 'premise'?"),
        ("\n\n{{ w.txt }}", {"w": {"text": "x"}}, "missing-value", 3, "there is no 'txt' here. Did you mean 'text'?"),
        ("a\n{{ x }}", {"x": None}, "empty-value", 2, "missing"),
        ("{{ x }}", {"x": ""}, "empty-value", 1, "empty"),
        ("{{ x }}", {"x": ["a", "b"]}, "unfit-value", 1, "join"),
        ("{{ x }}", {"x": True}, "unfit-value", 1, "True is no text"),
        ("{{ x.split }}", {"x": "a b"}, "unfit-value", 1, "a builtin_function_or_method is no text"),
        ("\n{{ x|decimal }}", {"x": "fem"}, "unfit-value", 2, "'fem' is no number"),
    ],
)
def test_a_row_that_cannot_be_shown_says_why_and_where(source: str, values: dict, reason: str, line: int, message: str) -> None:
    with pytest.raises(RowProblem) as caught:
        Engine().template(source).render(values)
    assert (caught.value.reason, caught.value.line) == (reason, line)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a\nb\n{{ x|uper }}", 3, "there is no filter 'uper'. Did you mean 'upper'"),
        ("a\n{% if x is strin %}{% endif %}", 2, "there is no test 'strin'. Did you mean 'string'?"),
        ("a\n{{ x.uper() }}", 2, "'uper' cannot be called. Did you mean 'upper'"),
        ("{{ range(9) }}", 1, "only methods can be called"),
        ("a\n{% set y = 1 %}", 2, "{% set %} cannot be used"),
        ("a\n{{ x ", 2, "unexpected"),
        ("{% for a in x recursive %}{% endfor %}", 1, "recursive"),
        ("x" * 20_001, 1, "20,000 characters"),
    ],
)
def test_a_template_that_cannot_be_used_says_why_and_where(source: str, line: int, message: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        Engine().template(source)
    assert caught.value.line == line
    assert message in str(caught.value)


def test_values_are_never_rendered_themselves() -> None:
    assert Engine().template("{{ x }}").render({"x": "{{ 1 + 1 }} {% if %}"}) == "{{ 1 + 1 }} {% if %}"


def test_names_are_those_that_a_row_must_have() -> None:
    template = Engine().template("{{ a }}\n{% for b in c %}{{ b }}{{ loop.index }}{% endfor %}\n{{ d.e }}")
    assert dict(template.names) == {"a": 1, "c": 2, "d": 3}
