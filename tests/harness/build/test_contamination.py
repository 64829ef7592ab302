"""Contamination: what is planted is found, with its set and item; the wording of templates is not taken for it."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import ContaminationOptions, DuplicateOptions, FilterOptions, LanguageOptions
from harness.build.rows import SetAside, instruction_example
from harness.build.sift import sift
from harness.records import Example

ALPHABET = "abcdefghijklmnoprstuvyåäö"


def sifted(
    rows: Sequence[Example], sets: Sequence[EvaluationSet], folder: Path, **options: Any
) -> tuple[dict[str, SetAside], Any]:
    """The rows removed, by id, and what contamination found; all other steps are off."""
    config = BuildConfig(
        name="t",
        language="sv",
        builders=(),
        output="t",
        languages=LanguageOptions(use=False),
        filters=FilterOptions(use=False),
        duplicates=DuplicateOptions(use=False),
        contamination=ContaminationOptions(**options),
    )
    scratch = folder / f"scratch-{len(list(folder.iterdir()))}"
    scratch.mkdir()
    found = sift(rows, config, sets, scratch, lambda label, done, total: None)
    removed = {row.id: row for row in found if isinstance(row, SetAside)}
    assert {row.stage for row in removed.values()} <= {"contamination"}
    return removed, found.found["contamination"]


def words(draw: random.Random, count: int) -> list[str]:
    """Words that nobody else has."""
    return ["".join(draw.choices(ALPHABET, k=draw.randint(3, 9))) for _ in range(count)]


def row(name: str, instruction: str, response: str) -> Example:
    return instruction_example(f"t/{name}", instruction, response, language="sv")


def distorted(draw: random.Random, taken: Sequence[str]) -> str:
    """The words in another case, with other punctuation, white space and composition."""
    import unicodedata

    forms = (str.upper, str.title, str.lower, lambda word: unicodedata.normalize("NFD", word))
    gaps = (" ", "\n", "  ", ", ", " – ", "\u00a0", '." ')
    return "".join(draw.choice(forms)(word) + draw.choice(gaps) for word in taken)


def planted(draw: random.Random, sets: Sequence[EvaluationSet], length: int, count: int) -> Iterator[tuple[Example, str]]:
    for number in range(count):
        one = draw.choice(sets)
        item, text = draw.choice(one.texts)
        own = text.split()
        begin = draw.randint(0, len(own) - length)
        inner = distorted(draw, own[begin : begin + length])
        said = [*words(draw, 20), inner, *words(draw, 20)]
        sides = (" ".join(said), "svar " + " ".join(words(draw, 5)))
        yield row(f"planted-{number}", *(sides if draw.random() < 0.5 else reversed(sides))), f"{one.name}, item {item}"


def test_every_planted_run_of_enough_words_is_found_and_nothing_else(tmp_path: Path) -> None:
    draw = random.Random(45)
    sets = [
        EvaluationSet(name, tuple((f"q{n}", " ".join(words(draw, draw.randint(10, 60)))) for n in range(200)))
        for name in ("a", "b")
    ]
    bad = list(planted(draw, sets, 10, 300))
    clean = [row(f"clean-{n}", " ".join(words(draw, 30)), " ".join(words(draw, 30))) for n in range(1000)]
    nearly = [example for example, _ in planted(draw, sets, 9, 100)]
    nearly = [row(f"nearly-{n}", one.instruction or "", one.references[0]) for n, one in enumerate(nearly)]
    removed, found = sifted([*clean, *(example for example, _ in bad), *nearly], sets, tmp_path)
    assert set(removed) == {example.id for example, _ in bad}
    for example, where in bad:
        assert where in (removed[example.id].detail or "")
    assert sum(one["rows_removed"] for one in found["sets"]) == 300
    assert [one["items"] for one in found["sets"]] == [200, 200]


def test_a_removed_row_quotes_the_words_and_names_set_and_item(tmp_path: Path) -> None:
    text = "Vad heter den högsta svenska bergstoppen, och vilket år bestegs den första gången av en människa?"
    sets = [EvaluationSet("geografi", (("q7", text),))]
    rows = [row("1", "Svara: den högsta svenska bergstoppen och vilket år bestegs den första gången?", "Kebnekaise, 1883")]
    removed, found = sifted(rows, sets, tmp_path)
    assert removed["t/1"].reason == "shares-evaluation-text"
    assert removed["t/1"].detail == (
        "11 words of geografi, item q7: “den högsta svenska bergstoppen och vilket år bestegs den första gången” "
        "(29% of the text's 10-grams)"
    )
    assert found["sets"] == [{"set": "geografi", "items": 1, "rows_removed": 1, "items_hit": 1}]


@pytest.mark.parametrize(
    ("hide", "found"),
    [
        (lambda text: text.replace("st", "s\u00adt"), True),  # soft hyphens
        (lambda text: "\u200b".join(text), True),
        (lambda text: "".join(chr(ord(char) + 0xFEE0) if "a" <= char <= "z" else char for char in text), True),  # fullwidth
        (lambda text: text.replace("fi", "\ufb01"), True),  # a ligature
        (lambda text: text.replace("a", "\u0430"), True),  # Cyrillic: another letter that looks alike
        (lambda text: text.upper().translate(str.maketrans("HKT", "\u041d\u041a\u03a4")), True),  # and Greek, as capitals
        (lambda text: text.replace("ä", "\u0430\u0308").replace("å", "\u0430\u030a"), True),  # with their dots beside them
        (lambda text: "\u0336".join(text), True),  # struck through
        (lambda text: "\ufe00".join(text), True),  # variation selectors
        (lambda text: text.replace("a", "e"), False),  # other words
    ],
)
def test_what_nobody_sees_hides_no_copy(tmp_path: Path, hide: Any, found: bool) -> None:
    text = "den fina hästen stod kvar på den stora ängen och fick vatten av flickan som bodde intill"
    sets = [EvaluationSet("given", (("g/1", text),))]
    hidden, _ = sifted([row("1", "Skriv något.", hide(text))], sets, tmp_path)
    planted_in_set, _ = sifted([row("1", "Skriv något.", text)], [EvaluationSet("given", (("g/1", hide(text)),))], tmp_path)
    assert (bool(hidden), bool(planted_in_set)) == (found, found)


@pytest.mark.parametrize(
    ("response", "gone"),
    [
        ("Stockholm är Sveriges huvudstad!", True),
        ("STOCKHOLM ÄR SVERIGES HUVUDSTAD", True),
        ("Jag tror att Stockholm är Sveriges huvudstad", False),
        ("Ja, Stockholm", False),
    ],
)
def test_a_short_text_counts_where_a_whole_field_equals_it(tmp_path: Path, response: str, gone: bool) -> None:
    sets = [EvaluationSet("e", (("1", "Stockholm är Sveriges huvudstad."), ("2", "Ja, Stockholm")))]
    removed, _ = sifted([row("1", "Berätta om Stockholm", response)], sets, tmp_path)
    assert bool(removed) == gone
    if gone:
        assert removed["t/1"].detail == "“stockholm är sveriges huvudstad” is a whole text of e, item 1"


def test_what_stands_in_most_items_of_a_set_is_its_form_and_tells_no_item(tmp_path: Path) -> None:
    draw = random.Random(7)
    form = "Rätta alla stavfel och grammatiska fel i den här texten utan att ändra stilen"
    contents = [" ".join(words(draw, 12)) for _ in range(50)]
    sets = [EvaluationSet("gec", tuple((str(n), f"{form}: {content}") for n, content in enumerate(contents)))]
    rows = [row("form", f"{form}: " + " ".join(words(draw, 12)), "rättat"), row("item", contents[3], "rättat")]
    removed, _ = sifted(rows, sets, tmp_path)
    assert set(removed) == {"t/item"}


def test_the_wording_of_a_template_is_told_but_removes_no_row(tmp_path: Path) -> None:
    draw = random.Random(8)
    wording = "Läs texten nedan noga och svara sedan på frågan med så få ord som möjligt"
    question = " ".join(words(draw, 40))
    sets = [EvaluationSet("qa", (("1", f"{wording} {question}"), ("2", " ".join(words(draw, 30)))))]
    rows = [row(f"w{n}", f"{wording} {' '.join(words(draw, 30))}", "svar") for n in range(400)]
    rows.append(row("copy", f"{wording} {question}", "svar"))
    removed, found = sifted(rows, sets, tmp_path)
    assert set(removed) == {"t/copy"}
    assert found["wordings"][0]["rows"] == 401
    assert found["wordings"][0]["where"] == "qa, item 1"
    assert found["wordings"][0]["words"] in wording.casefold()


def test_one_item_copied_into_many_rows_is_no_wording(tmp_path: Path) -> None:
    draw = random.Random(9)
    item = " ".join(words(draw, 25))
    sets = [EvaluationSet("qa", (("1", item),))]
    rows = [row(f"c{n}", f"{item} {' '.join(words(draw, 10))}", "svar") for n in range(300)]
    rows += [row(f"o{n}", " ".join(words(draw, 20)), "svar") for n in range(300)]
    removed, _ = sifted(rows, sets, tmp_path)
    assert len(removed) == 300


def test_a_set_without_texts_and_a_row_without_words_are_no_trouble(tmp_path: Path) -> None:
    sets = [EvaluationSet("empty", ()), EvaluationSet("odd", (("1", "…"), ("2", "🙂")))]
    removed, found = sifted([row("1", "…", "🙂")], sets, tmp_path)
    assert removed == {}
    assert [one["items"] for one in found["sets"]] == [0, 2]
