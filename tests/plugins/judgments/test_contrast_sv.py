"""The shipped contrast set keeps its promises, and any file of its shape is read as it says."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from harness_plugins.judgments.contrast_sv import EMBEDDED, Contrast, ContrastSv, read_contrasts

from harness.errors import InputError
from harness.judgments import read_judgments

FROZEN = "a5a520cb076cdf999dc224e60e66a9567a7f0466c1033920bded885538b78e6d"
FIXED_LENGTH = {"truncation", "repetition", "unsupported-additions"}  # their construction decides which answer is longer
MISTAKEN = {"names-06"}  # "Genom Paris flyter Seine": Swedish, but names and "flod" look German to the identifier
# Shorter answers are left out: "Rumpetroll" is one word, and "seks skiver hver" is Danish as well as Norwegian.
LANGUAGES = {"danish": {"da"}, "norwegian": {"nb", "nn", "no"}, "english": {"en"}}


@pytest.fixture(scope="module")
def items() -> list[Contrast]:
    return read_contrasts(EMBEDDED)


@pytest.fixture(scope="module")
def identify() -> Callable[[str], str]:
    """The likeliest of the languages that occur here; versions of the identifier call bokmål nb or no."""
    langid = pytest.importorskip("py3langid", reason="needs the development dependency py3langid")
    return lambda text: next(tag for tag, _ in langid.rank(text) if tag in {"sv", "da", "nb", "nn", "no", "en", "de"})


def longer_is_better(items: list[Contrast]) -> float:
    return sum(len(item.better) > len(item.worse) for item in items) / len(items)


def test_the_file_is_frozen() -> None:
    assert hashlib.sha256(EMBEDDED.read_bytes()).hexdigest() == FROZEN


def test_there_are_enough_items_phenomena_and_both_forms(items: list[Contrast]) -> None:
    phenomena = Counter(item.phenomenon for item in items)
    assert len(items) >= 240
    assert len(phenomena) >= 16
    assert min(phenomena.values()) >= 12
    assert min(Counter(item.form for item in items)[form] for form in ("short", "long")) >= 60


def test_ids_and_texts_are_unique(items: list[Contrast]) -> None:
    for field in ("id", "instruction", "reference", "better", "worse"):
        repeated = [text for text, count in Counter(getattr(item, field) for item in items).items() if count > 1]
        assert repeated == [], field


def test_texts_are_nfc_without_blanks_around(items: list[Contrast]) -> None:
    for item in items:
        for text in (item.instruction, item.reference, item.better, item.worse):
            assert text == unicodedata.normalize("NFC", text).strip()
            assert text


def test_better_worse_and_reference_differ_pairwise(items: list[Contrast]) -> None:
    assert [item.id for item in items if len({item.reference, item.better, item.worse}) < 3] == []


def test_length_does_not_tell_which_answer_is_better(items: list[Contrast]) -> None:
    assert 0.45 <= longer_is_better(items) <= 0.55
    for phenomenon in {item.phenomenon for item in items} - FIXED_LENGTH:
        share = longer_is_better([item for item in items if item.phenomenon == phenomenon])
        assert 0.35 <= share <= 0.65, phenomenon


def test_what_should_be_swedish_is_swedish(items: list[Contrast], identify: Callable[[str], str]) -> None:
    wrong = [i.id for i in items if identify(" ".join((i.instruction, i.reference, i.better))) != "sv"]
    assert set(wrong) <= MISTAKEN


@pytest.mark.parametrize("phenomenon", sorted(LANGUAGES))
def test_worse_answers_of_more_than_three_words_in_another_language_are_in_that_language(
    phenomenon: str, items: list[Contrast], identify: Callable[[str], str]
) -> None:
    own = [item for item in items if item.phenomenon == phenomenon and len(item.worse.split()) > 3]
    assert len(own) >= 9
    right = sum(identify(item.worse) in LANGUAGES[phenomenon] for item in own)
    assert right / len(own) >= 0.9


def test_every_item_becomes_two_outputs_and_one_preference_for_the_better_one(items: list[Contrast]) -> None:
    data = read_judgments(ContrastSv())
    assert (len(data.examples), len(data.outputs), len(data.preferences)) == (len(items), 2 * len(items), len(items))
    winners = [p.output_a if p.winner == "a" else p.output_b for p in data.preferences]
    assert winners == [f"contrast-sv/{item.id}/better" for item in items]
    assert {(p.rater, p.criterion) for p in data.preferences} == {("construction", "construction")}
    assert {e.language for e in data.examples} == {"sv"}


def test_the_place_of_an_answer_does_not_tell_which_is_better() -> None:
    winners = Counter(p.winner for p in read_judgments(ContrastSv()).preferences)
    assert set(winners) == {"a", "b"}
    assert 0.45 <= winners["a"] / winners.total() <= 0.55


def test_the_set_says_that_nobody_judged_it() -> None:
    info = ContrastSv().info
    assert info.constructed
    assert info.notes == ("better by construction, no human judgment; not checked by a native reader",)


def test_another_file_is_read_by_path(tmp_path: Path) -> None:
    line = {
        "id": "negation-01", "phenomenon": "negation", "form": "short", "instruction": "Regnar det?", "reference": "Nej.",
        "better": "Nej, det regnar inte.", "worse": "Ja, det regnar.", "note": "negation dropped",
    }  # fmt: skip
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    example, first, second, preference = ContrastSv(path).read()
    assert (example.id, example.task, example.form) == ("contrast-sv/negation-01", "negation", "short")
    assert (example.instruction, example.references) == ("Regnar det?", ("Nej.",))
    assert {first.text, second.text} == {"Nej, det regnar inte.", "Ja, det regnar."}
    assert (preference.output_a, preference.output_b) == (first.id, second.id)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "x"', "line 2: Input data was truncated"),
        ('{"id": "x"}', "line 2: Object missing required field `phenomenon`"),
        ('{"id": "x", "phenomenon": "p", "form": "middle"}', "line 2: Invalid enum value 'middle'"),
        ("", "line 2: Input data was truncated"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    good = EMBEDDED.read_text(encoding="utf-8").splitlines()[0]
    path = tmp_path / "own.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        list(ContrastSv(path).read())


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"own\.jsonl: cannot be read"):
        list(ContrastSv(tmp_path / "own.jsonl").read())
