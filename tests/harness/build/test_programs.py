"""Programs are left out of texts whose language is told; prose that has some of their signs is not."""

import pytest

from harness.build.programs import may_hold_programs, without_programs

PYTHON = '''def sum(k: int, n: int) -> int:
    """Udregn summen af alle heltal mellem to givne tal.

    Bemærk at summen også inkluderer de to givne tal.

Args:
        k: Det første tal.
    """
    # læg sammen
    return sum(i for i in range(k, n + 1))'''


@pytest.mark.parametrize(
    "program",
    [
        PYTHON,
        "import requests\nimport json\n\ndef price() -> float:\n    return 1.0\n\nif __name__ == '__main__':\n    print(price())",
        "SELECT d.navn, d.budget FROM instruktor i JOIN afdeling d ON i.navn = d.navn",
        "function add(a, b) {\n  // læg to tal sammen\n  return a + b;\n}",
        "#include <stdio.h>\nint main() {\n  return 0;\n}",
        "<div>\n  <p>The government has presented a proposal</p>\n</div>",
        "x = 5\ny = x + 2\nprint(y)",
        "class Node:\n    '''En node i en kædet liste.'''\n    def __init__(self, value):\n        self.value = value",
        "SELECT namn\nFROM avdelning\nWHERE lön > 3",
    ],
)
def test_a_program_is_left_out_with_its_comments_and_what_stands_around_it_stays(program: str) -> None:
    assert without_programs(program) == ""
    assert without_programs(f"Vad gör den här koden?\n\n{program}\nSvara kort.") == "Vad gör den här koden?\n\nSvara kort."


def test_fenced_code_is_left_out() -> None:
    assert without_programs("Så här:\n```python\nprint(1)\n```\nKlart.") == "Så här:\n \nKlart."
    assert without_programs("Så här: ```ett slut saknas") == "Så här:  "


@pytest.mark.parametrize(
    "text",
    [
        "Regeringen lade i går fram ett förslag (som väntat) om höjda skatter.",
        "Klass 5 (Malmö):\n  Anna\n  Erik",
        "import av bananer (ton)\noch export av stål",
        "From Stockholm we import steel (and glass)\nand from Malmö fish",
        "if you want (and can):\nyou should come\nwhile we wait",
        "For the whole family (and friends):\ncome and see us in June",
        "Select the right answer (A or B) from the list\nWrite it down",
        "2 + 2 = 4\noch 3 < 5",
        "E = mc2 är Einsteins formel.\nDen är känd (1905).",
        "Let x be a number (say 5)\nThen x > 3",
        "var bor du (och hur)?\n    Jag bor i Lund = bra",
        "Python är ett språk; man skriver def och class.\nDet är lätt (säger många).",
        "Mängd: {3,12,7,2,8,4}\nMålsum: 14",
        "Return the book (today)\nprint is dead",
    ],
)
def test_prose_with_signs_of_programs_is_left_as_it_is(text: str) -> None:
    assert without_programs(text) is None


def test_a_glance_misses_no_program() -> None:
    programs = [PYTHON, "SELECT namn FROM avdelning", "INSERT INTO avdelning VALUES (1)", "```kod```"]
    assert may_hold_programs([*programs, "Regeringen lade (i går) fram ett förslag = bra."]) == [0, 1, 2, 3]
    assert all(without_programs(program) is not None for program in programs)
