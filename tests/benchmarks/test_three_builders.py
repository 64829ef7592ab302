"""The table of the three ways to data, on small samples whose figures are known."""

import math
from pathlib import Path

import numpy as np
import pytest
from benchmark_scripts import benchmark

from harness.build.diversity_counts import distinct_n, tokens_of
from harness.text.ngram_model import train

three = benchmark("three_builders")
NATIVE = ["Det regnar i dag och vägen är våt.", "Hon läser en bok om skogens djur.", "Vi åker hem när det blir mörkt ute."]


def texts(lines: list[str], name: str = "d") -> list:
    return [three.Text(f"{name}{n}", line) for n, line in enumerate(lines)]


def test_a_sample_has_exactly_so_many_words_whatever_the_order() -> None:
    rows = texts(["ett två tre", "fyra fem", "sex sju åtta nio"] * 3)
    sample = three.equal_sample(rows, 7, seed=1)
    assert sum(len(tokens_of(one.text)) for one in sample.texts) == 7
    assert three.equal_sample(rows[::-1], 7, seed=1) == sample


def test_perplexity_is_per_character_over_all_texts() -> None:
    model = train(NATIVE)
    rows = texts(["Det regnar hemma.", "Hon åker till skogen i mörkret."])
    found = three.perplexity(three.Sample(tuple(rows)), model, 50, 0)
    both = [model.log_prob(one.text) for one in rows]
    assert found.value == pytest.approx(math.exp(-sum(one.nats for one in both) / sum(one.characters for one in both)))
    assert found.low <= found.value <= found.high


def test_distinct_share_is_the_packages_distinct_n() -> None:
    lines = ["en två en två", "två en tre"]
    for n in (1, 2, 3):
        assert three.distinct_share([tokens_of(line) for line in lines], n) == pytest.approx(distinct_n(lines, n).value)


def test_half_of_the_documents_has_so_many_words_and_no_text_twice() -> None:
    documents = [[[f"d{n}", "a", "b"], [f"e{n}"]] for n in range(6)]
    kept = three.half(documents, 9, np.random.default_rng(0))
    assert sum(map(len, kept)) == 9
    first = [words[0] for words in kept]
    assert len(first) == len(set(first))


def test_a_difference_whose_interval_holds_zero_cannot_be_told_apart() -> None:
    def figure(value: float) -> object:
        return three.figure(value, value + np.linspace(-0.1, 0.1, 101))

    perplexity = {"natural": figure(1.0), "template": figure(1.0), "translated": figure(3.0)}
    found = {text: verdict for text, _, verdict in three.verdicts(
        {name: perplexity for name in ("perplexity", "distinct-1", "distinct-2", "distinct-3")},
        {},
        {"natural": 50, "template": 50, "translated": 8},
    )}  # fmt: skip
    assert found["perplexity: natural < template"] == "cannot be told apart"
    assert found["perplexity: template < translated"] == "as expected; not evidence: fewer than 30 documents"
    assert found["distinct-1: translated < natural"] == "the other way; not evidence: fewer than 30 documents"
    assert found["unique skeletons: template < natural"] == "no data"


def test_text_like_the_models_has_the_lower_perplexity_in_the_report() -> None:
    noise = ["zqx wvk pfg bnm lkj.", "xxq vvz kkw ppf ggj.", "qqz wwx vvk ffp jjg."]
    responses = {
        "natural": texts(NATIVE, "n"),
        "template": texts(["Ja.", "Nej.", "Ja."] * 9, "t"),
        "translated": texts(noise, "x"),
    }
    instructions = {way: texts([f"Skriv {way} nu.", "Vad är det?"], way) for way in responses}
    report = three.report(responses, instructions, NATIVE * 5, 14, 40, 0)
    table = [line.strip("| ").split(" | ") for line in report.splitlines() if line.count("|") == 8]
    values = {cells[0]: float(cells[3].split()[0]) for cells in table if "[" in cells[3]}
    assert values["natural"] < values["translated"]
    assert "| perplexity: natural < template |" in report


def test_the_same_sentences_are_compared_by_document() -> None:
    pairs = [(three.Text(f"d{n // 2}", line), three.Text(f"d{n // 2}", line[::-1])) for n, line in enumerate(NATIVE * 4)]
    line = three.control(pairs, train(NATIVE), 30, 0).splitlines()[-1]
    assert line.startswith("| 12 | 6 | ")
    people, machine, difference = (float(cell.split()[0]) for cell in line.strip("| ").split(" | ")[2:])
    assert people < machine
    assert difference == pytest.approx(machine - people, abs=0.011)


def test_tables_are_written_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = three.MARKS
    page.write_text(f"# Titel\n\n{begin}\nold\n{end}\n\nslut\n", encoding="utf-8")
    three.write("| new |", page)
    three.write("| newer |", page)
    assert page.read_text(encoding="utf-8") == f"# Titel\n\n{begin}\n\n| newer |\n\n{end}\n\nslut\n"
