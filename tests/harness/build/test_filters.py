"""Filters: what is unfit, with the reason; and what only looks so."""

import pytest

from harness.build.filters import FILTERS, explained, filtered, row_facts
from harness.build.options import FilterOptions
from harness.build.rows import instruction_example
from harness.build.sift_texts import batch_of, fold
from harness.records import Example, Message, TextPart

LONG = "Det här svaret är en helt vanlig mening om hur man kokar potatis på spisen hemma."


def reason(instruction: str, response: str, **options: float) -> str | None:
    return reason_of(instruction_example("t/1", instruction, response, language="sv"), **options)


def reason_of(row: Example, **options: float) -> str | None:
    batch = batch_of([row])
    facts = row_facts(batch, fold(batch.texts))
    places, reasons = filtered(facts, FilterOptions(**options))  # type: ignore[arg-type]
    if places[0] < 0:
        return None
    assert explained(facts, reasons[places[0]], 0)
    return reasons[places[0]]


@pytest.mark.parametrize(
    ("instruction", "response", "expected"),
    [
        ("Hur kokar man potatis?", LONG, None),
        ("Hur kokar man potatis?", "", "empty-response"),
        ("Hur kokar man potatis?", " \n\t\u00a0", "empty-response"),
        ("  ", LONG, "empty-instruction"),
        ("Hm", LONG, "short-instruction"),
        ("Hur?", LONG, None),
        ("å" * 20_001, LONG, "long-instruction"),
        ("å" * 20_000, LONG, None),
        ("Skriv!", "å" * 20_001, "long-response"),
        ("Hur kokar man?", "Man tar f\ufffdrst potatis.", "replacement-characters"),
        ("Hur kokar man?", "Man tar fÃ¶rst potatis.", "mojibake"),
        ("Hur kokar man?", "Â« CÃ©line", "mojibake"),
        ("Vad betyder â på franska?", "Â är ett A med cirkumflex, Ã ett med tilde.", None),
        ("Hur kokar man?", "Man tar\x00 potatis.", "control-characters"),
        ("Hur kokar man?", "Man tar\r\n\tpotatis och en liten 👩\u200d🍳.", None),
        ("Hur kokar man?", "Man tar potatis.<|im_end|>", "chat-markup"),
        ("Hur kokar man? [/INST]", "Man tar potatis.", "chat-markup"),
        ("Skriv <b>hej</b> i fetstil", "<b>hej</b> och [hej]", None),
        ("Sverige är vackert.", "sverige är vackert", "response-is-instruction"),
        ("Rätta: Sverige är vackert.", "Sverige är vackert.", None),
        ("Skriv något", "Jag vet inte vad jag ska säga. " * 12, "repetition"),
        ("Skriv ja tre gånger", "ja ja ja", None),
        ("Rita något", "★☆★☆★☆★☆ ★☆ hej", "symbols"),
        ("Vilken fisk?", "🐟", None),
        ("Räkna ut", "1 + 2 + 3 = 6", None),
    ],
)
def test_reason(instruction: str, response: str, expected: str | None) -> None:
    assert reason(instruction, response) == expected


def test_limits_are_those_of_the_options() -> None:
    assert reason("Hur kokar man potatis?", "Vet ej.", min_response=10) == "short-response"
    assert reason("Hur kokar man potatis?", "Vet ej.", min_response=7) is None


def test_repetition_is_the_share_of_word_four_grams_that_were_there_before() -> None:
    text = "ett två tre fyra fem sex sju åtta nio tio elva"  # 11 words: 8 four-grams
    assert reason("Skriv", text, repeated=0.0) is None
    twice = f"{text} {text}"  # 19 four-grams, 11 different: 8 / 19 = 0.421 are repeated
    assert reason("Skriv", twice, repeated=0.42) == "repetition"
    assert reason("Skriv", twice, repeated=0.43) is None


def test_a_document_needs_no_response_and_anything_else_does() -> None:
    said = (Message(role="document", parts=(TextPart(text=LONG),)),)
    assert reason_of(Example(id="d/1", kind="document", language="sv", messages=said)) is None
    assert reason_of(Example(id="v/1", kind="aligned", language="sv", messages=said)) is None
    asked = (Message(role="user", parts=(TextPart(text=LONG),)),)
    assert reason_of(Example(id="d/2", kind="instruction", language="sv", messages=asked)) == "no-response"


def test_every_reason_is_a_code_in_kebab_case_and_every_filter_says_what_it_looks_for() -> None:
    for code, (check, _) in FILTERS.items():
        assert code == code.lower().replace(" ", "-").replace("_", "-")
        assert check.__doc__
