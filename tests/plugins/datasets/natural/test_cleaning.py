"""Replies as models write them, and the instruction that is in them."""

import pytest
from harness_plugins.datasets.natural.cleaning import cleaned, copied, flaw

RESPONSE = "Havre tål kyla bättre än vete och kan därför odlas längre norrut. Den sås så snart jorden har torkat upp på våren."


@pytest.mark.parametrize(
    ("reply", "instruction"),
    [
        ("När sår man havre?", "När sår man havre?"),
        ('"När sår man havre?"', "När sår man havre?"),
        ("”När sår man havre?”", "När sår man havre?"),
        ("Instruktion: När sår man havre?", "När sår man havre?"),
        ("**Fråga:** När sår man havre?", "När sår man havre?"),
        ("Självklart! Här är en fråga:\n\n1. När sår man havre?", "När sår man havre?"),
        ('Sure! Here is the instruction:\n"When is oats sown?"', "When is oats sown?"),
        ("<think>Vad handlar det om?</think>\nNär sår man havre?", "När sår man havre?"),
        ("```\nNär sår man havre?\n```", "När sår man havre?"),
        ("När sår man havre?\n\nSvar: På våren, när jorden har torkat.", "När sår man havre?"),
        ("När sår man havre?\nAnswer: in spring", "När sår man havre?"),
        ("När sår man havre,\noch varför då?", "När sår man havre, och varför då?"),
        ("Vad betyder ordet ”eka” i en båt?", "Vad betyder ordet ”eka” i en båt?"),
        ("Okej vad gäller för cyklar i stan?", "Okej vad gäller för cyklar i stan?"),
        ("Visst är det så att havre tål kyla?", "Visst är det så att havre tål kyla?"),
        ("Fråga din granne om havre: vad svarar hon?", "Fråga din granne om havre: vad svarar hon?"),
        ("   ", ""),
    ],
)
def test_what_surrounds_an_instruction_goes_and_the_instruction_stays(reply: str, instruction: str) -> None:
    assert cleaned(reply) == instruction
    assert cleaned(cleaned(reply)) == instruction


@pytest.mark.parametrize(
    ("instruction", "reason"),
    [
        ("", "empty"),
        ("?!", "empty"),
        ("När sår man havre, och varför kan den odlas så långt norrut?", None),
        ("Skriv en kort text om hur havre odlas.", None),
        ("Vad säger artikel 5 i avtalet om uppsägning?", None),
        ("I'm sorry, I cannot write an instruction for that.", "refusal"),
        ("Jag kan tyvärr inte hjälpa till med det.", "refusal"),
        ("Sure, when do you sow oats?", "chatter"),
        ("När sår man havre? Hör av dig om du vill veta mer.", "chatter"),
        ("Om havre. Instruktion: Berätta när den sås.", "label"),
        ("Vad handlar texten ovan om?", "mentions-the-text"),
        ("Enligt texten, när sår man havre?", "mentions-the-text"),
        ("What does the passage say about oats?", "mentions-the-text"),
        ("Summarise the following text about oats.", "mentions-the-text"),
        ("Havre tål kyla bättre än vete och kan därför odlas längre norrut.", "echo"),
        ("1. När sår man havre? 2. Varför? 3. Hur?", "several"),
        ("Havre?", "not-a-sentence"),
    ],
)
def test_what_cannot_be_used_has_a_reason(instruction: str, reason: str | None) -> None:
    assert flaw(instruction, RESPONSE) == reason


def test_copying_is_the_share_of_runs_of_four_words() -> None:
    assert copied("Varför tål havre kyla bättre än vete?", RESPONSE) == 1 / 4  # of its four runs one is in the response
    assert copied("Tål havre kyla?", RESPONSE) == 0.0
