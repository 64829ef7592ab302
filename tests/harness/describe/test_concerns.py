"""What could hurt the numbers is said, worst first, and clean sets are left in peace."""

from collections.abc import Callable
from typing import Any

import pytest
from judgment_sets import Sheet

from harness.describe import describe
from harness.records import Scale


def warnings(sheet: Sheet) -> dict[str, tuple[int, str]]:
    return {warning["code"]: (warning["level"], warning["text"]) for warning in describe(sheet.data())["warnings"]}


def study(rate: Callable[[int, int], Any], text: Callable[[int, int], str] | None = None, items: int = 40, **info: Any) -> Sheet:
    """`items` items with a reference and two systems; `rate(item, system)` gives each rater's rating."""
    sheet = Sheet(**info)
    for n in range(items):
        sheet.item(f"d/{n}", references=(f"Facit till fråga nummer {n} är detta svar.",), source=f"Fråga {n}")
        for place, system in enumerate("ab"):
            own = f"Svaret från {system} på fråga nummer {n} är ungefär detta." if text is None else text(n, place)
            sheet.answer(f"d/{n}", system, rate(n, place), text=own, scale=Scale(low=1, high=5))
    return sheet


def both(value: float) -> dict[str, float]:
    return {"anna": value, "bo": value}


def varied(n: int, place: int) -> dict[str, float]:
    return both(1.0 + (n + place * (n % 3)) % 5)


def test_a_clean_set_raises_no_concern() -> None:
    assert warnings(study(varied)) == {}


def test_worse_concerns_come_first() -> None:
    found = describe(study(lambda n, place: both(3.0), items=5).data())["warnings"]
    assert [warning["level"] for warning in found] == sorted((warning["level"] for warning in found), reverse=True)
    assert found[0]["code"] == "constant-criterion"
    assert found[0]["text"].startswith("all 20 ratings on 'quality' are 3")


@pytest.mark.parametrize(
    ("rate", "code", "level", "said"),
    [
        (lambda n, p: varied(n, p)["anna"], "one-rater", 2, "one rater only"),
        (lambda n, p: {"anna": varied(n, p)["anna"], "bo": 4.0}, "constant-rater", 2, "bo: all 80 ratings are 4"),
        (lambda n, p: {"anna": 1.0 + n % 5, "bo": 5.0 - n % 5}, "low-agreement", 3, "raters hardly agree on 'quality'"),
        (lambda n, p: varied(n, p) if p else {**varied(n, p), "bo": None}, "unbalanced", 3, "bo rated 100% of 'b' but 0% of 'a'"),
        (
            lambda n, p: {"anna": varied(n, p)["anna"]} | ({"bo": 2.0} if n < 9 else {}),
            "little-overlap",
            2,
            "that two raters judged: 9",
        ),
        (
            lambda n, p: {"anna" if p else "bo": varied(n, p)["anna"]},
            "no-overlap",
            2,
            "nothing that two of them judged: 'quality'",
        ),
        (
            lambda n, p: {"anna": varied(n, p)["anna"], "bo": f"{varied(n, p)['bo']}" if n < 3 else "bra"},
            "numbers-as-text",
            3,
            "bo: 6 ratings are numbers written as text",
        ),
        (lambda n, p: both(5.0 if n or p else 1.0), "near-constant", 3, "158 of 160 ratings on 'quality' (99%) are 5"),
        (lambda n, p: both(1.0 + n % 5), "ties", 2, "ties 100% of the pairs within an item (n=40)"),
        (
            lambda n, p: {**varied(n, p), "anna": None if n < 4 else 3.0 + p},
            "missing-ratings",
            2,
            "anna: 8 of 80 ratings are missing",
        ),
    ],
)
def test_raters_who_cannot_be_relied_on_are_named(rate: Any, code: str, level: int, said: str) -> None:
    found = warnings(study(rate))
    assert found[code][0] == level
    assert said in found[code][1]


def test_a_rater_who_agrees_with_nobody_is_named() -> None:
    def rate(n: int, place: int) -> dict[str, float]:
        value = 1.0 + (n * 7 + place * 3) % 5
        return {"anna": value, "bo": value, "cia": 6.0 - value}

    assert "'quality': cia agrees with the others less" in warnings(study(rate))["outsider"][1]


@pytest.mark.parametrize(
    ("text", "code", "level", "said"),
    [
        (lambda n, p: f"Facit till fråga nummer {n} är detta svar." if p else f"{n} annat", "equals-reference", 3, "(100%)"),
        (lambda n, p: f"Båda systemen säger detta om {n} i dag.", "same-text", 3, "'a' and 'b' say the same on 40 of 40 items"),
        (lambda n, p: "Jag vet inte." if p else f"Svar på {n} i dag", "stock-answer", 2, "'b' gives one and the same text on 40"),
        (lambda n, p: "" if p and n < 4 else f"svar {n} {p}", "empty-outputs", 2, "4 of 80 outputs (5%) are empty"),
        (lambda n, p: f"svår fråga {n}{p}".encode().decode("cp1252"), "mojibake-outputs", 3, "80 of 80 outputs (100%)"),
        (lambda n, p: f"<br>{n}" if p else f"svar {n}", "markup-outputs", 2, "most by system 'b' (40 of 40)"),
        (lambda n, p: f"{'och så vidare ' * 20}{n} {p}", "length", 1, "the references 8"),
    ],
)  # fmt: skip
def test_texts_that_would_mislead_a_metric_are_counted(text: Any, code: str, level: int, said: str) -> None:
    found = warnings(study(varied, text))
    assert found[code][0] == level
    assert said in found[code][1]


def test_equal_outputs_with_other_ratings_bound_every_metric() -> None:
    found = warnings(study(lambda n, place: both(2.0 + place), lambda n, place: f"samma svar på {n}"))
    assert (
        "of 80 pairs of equal outputs that one rater rated, 80 got different ratings, 1 apart"
        in found["same-text-other-rating"][1]
    )


def test_few_items_no_references_one_system_and_repeated_items_are_said() -> None:
    sheet = Sheet()
    for n in range(6):
        sheet.item(f"d/{n}", source="samma fråga")
        sheet.answer(f"d/{n}", "a", both(float(n)), text=f"svar {n}")
    found = warnings(sheet)
    assert found["one-system"][0] == 2
    assert found["no-reference"][1] == "no item has a reference: metrics that need one give no score"
    assert found["few-items"][1].startswith("few independent items (6)")
    assert found["duplicate-items"][1].startswith("5 of 6 items repeat an earlier one")


def test_texts_in_another_language_than_declared_are_counted() -> None:
    pytest.importorskip("py3langid")

    def text(n: int, place: int) -> str:
        english = f"This is number {n} of the answers and it is written in plain English."
        return english if place else f"Det här är nummer {n} av svaren och det är skrivet på svenska."

    found = warnings(study(varied, text))
    assert found["other-language"] == (2, "system b: 40 of 40 texts (100%) look like another language than declared (en 40)")


def test_an_undeclared_language_is_answered_with_the_one_to_give() -> None:
    pytest.importorskip("py3langid")
    sheet = Sheet()
    for n in range(3):
        sheet.item(f"d/{n}", language="und").answer(f"d/{n}", "a", 1.0, text="Det här är ett svar som är skrivet på svenska.")
    assert warnings(sheet)["no-language"][1].endswith("3 of 3 texts look like sv: language=sv")


def test_one_text_is_told_in_the_singular() -> None:
    found = warnings(study(varied, lambda n, p: "" if p and n < 1 else f"svar {n} {p}"))
    assert "1 of 80 outputs (1%) is empty;" in found["empty-outputs"][1]


def test_a_quick_look_leaves_out_languages_and_the_interval_of_agreement() -> None:
    data = study(lambda n, place: both(1.0 + (n + place) % 5)).data()
    whole, quick = describe(data), describe(data, quick=True)
    assert quick["languages_found"]["checked"] is False
    assert quick["agreement"]["quality"]["low"] is None
    assert whole["agreement"]["quality"]["low"] is not None
    alpha = "krippendorff_alpha_ordinal"
    assert quick["agreement"]["quality"][alpha] == whole["agreement"]["quality"][alpha]
