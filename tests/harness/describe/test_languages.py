"""Languages are checked where the detector is installed, and said not to be where it is not."""

import sys

import pytest
from judgment_sets import Sheet

from harness.describe.languages import describe_languages


def one(text: str, language: str) -> Sheet:
    made = Sheet().item("d/1", language=language)
    made.answer("d/1", "a", 1.0, text=text)
    return made


def test_without_the_detector_it_is_not_checked_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    found = describe_languages(one("Det här är en text på svenska i dag.", "sv").data())
    assert found == {"checked": False, "reason": "pip install 'metaeval-harness[languages]'"}


@pytest.mark.parametrize(
    ("text", "declared", "other"),
    [
        ("Det här är en text som är skriven på svenska.", "sv", 0),
        ("Det här är en text som är skriven på svenska.", "sv-FI", 0),
        ("This is a text that was written in English today.", "sv", 1),
        ("Dette er ikke en tekst som noen har skrevet på svensk.", "nb", 0),
        ("Hej på dig", "en", None),
    ],
)
def test_a_long_enough_text_is_held_against_its_declared_language(text: str, declared: str, other: int | None) -> None:
    pytest.importorskip("py3langid")
    groups = describe_languages(one(text, declared).data())["groups"]
    assert groups.get("system a", {}).get("other") == other
