"""The language of answers: what each looks like, nothing where nobody can tell."""

import pytest

pytest.importorskip("py3langid", reason="needs metaeval-harness[languages]")

from harness.records import Output
from harness.stages.answer_languages import with_languages

SWEDISH = "Den gamla mannen gick långsamt hem genom den mörka skogen."
ENGLISH = "The old man was slowly walking home through the dark forest."


def output(text: str | None, **fields: object) -> Output:
    return Output(id="o", example_id="e", system="s", text=text, **fields)


@pytest.mark.parametrize("asked_in", ["sv", "sv-SE", "en", "und", "tlh"])
def test_an_answer_tells_its_language_whatever_it_was_asked_in(asked_in: str) -> None:
    found = with_languages([output(SWEDISH), output(ENGLISH, meta={"price": 1})], asked_in)
    assert [one.meta["language"] for one in found] == ["sv", "en"]
    assert found[1].meta["price"] == 1


@pytest.mark.parametrize("text", [None, "", "Ja, hunden.", "17 23 41 11 13 2 7"])
def test_nothing_is_told_of_what_nobody_can_tell(text: str | None) -> None:
    assert "language" not in with_languages([output(text)], "sv")[0].meta


def test_what_a_generator_tells_stands() -> None:
    assert with_languages([output(SWEDISH, meta={"language": "da"})], "sv")[0].meta["language"] == "da"
