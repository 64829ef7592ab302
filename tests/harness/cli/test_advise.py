"""`harness advise` from the shell: a run or judgments and metrics, what is printed, what is refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.meta.advice import Advice

FAST = ["--resamples", "50", "--set", "draws=100", "--set", "random_draws=5"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def ratings(tmp_path):
    """40 questions, half of them in English; chrF tells the right answer from the wrong ones, and lengths do not."""
    lines = ["item,system,output,reference,rater,criterion,rating,language"]
    for number in range(40):
        reference = f"svaret är {number} grader"
        answers = {"right": (reference, 3), "near": (f"svaret är {number} år", 2), "wrong": ("jag vet inte vad det", 1)}
        for system, (text, rating) in answers.items():
            lines.append(f"q{number:02d},{system},{text},{reference},anna,correctness,{rating},{'en' if number % 2 else 'sv'}")
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    return ["--judgments", "table:ratings.csv", "--metric", "chrf", "--metric", "rouge-l"]


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def test_advice_as_json_has_every_field_metric_and_slice(ratings):
    found = json.loads(invoke("advise", *ratings, *FAST, "--slice", "language", "--json").stdout)
    assert set(found[0]) == set(Advice.__struct_fields__)
    assert {(one["label"], one["slice"]) for one in found} == {
        (metric, part) for metric in ("chrf", "rouge-l") for part in ("all", "language=sv", "language=en")
    }
    whole = next(one for one in found if one["label"] == "chrf" and one["slice"] == "all")
    part = next(one for one in found if one["label"] == "chrf" and one["slice"] == "language=sv")
    assert (whole["verdict"], whole["n_items"], whole["coverage"]) == ("use", 40, 1.0)
    assert (part["verdict"], part["n_items"]) == ("weak", 20)


def test_the_text_gives_a_sentence_a_metric_then_a_grid_of_slices(ratings):
    text = invoke("advise", *ratings, *FAST).stdout
    assert "correctness — table:ratings.csv@" in text
    assert "is clear of every sentinel (the nearest:" in " ".join(text.split())
    grid = [line.split() for line in text.splitlines() if line.startswith("language=")]
    assert grid == [["language=en", "20", "weak", "weak"], ["language=sv", "20", "weak", "weak"]]
    assert "no advice: form=short, form=long" in text
    assert "(nobody rated answers of this kind)" in text


def test_reasons_of_every_slice_are_printed_when_asked_for(ratings):
    text = " ".join(invoke("advise", *ratings, *FAST, "--slice", "language", "--reasons").stdout.split())
    assert text.count("20 are too few to rely on the interval: 30 are needed") == 2  # both metrics alike, in two slices


def test_a_finished_run_is_advised_on_from_its_tables_and_again_under_other_options(ratings):
    invoke("metaeval", *ratings, *FAST, "--output", "run")
    before = Path("run/meta.parquet").read_bytes()
    first = json.loads(invoke("advise", "run", "--json").stdout)
    assert {one["verdict"] for one in first if one["slice"] == "all"} == {"use"}
    assert any(one["slice"] == "language=sv" for one in first)
    again = json.loads(invoke("advise", "run", "--slice", "length", "--json").stdout)
    assert not any(one["slice"] == "language=sv" for one in again)
    assert Path("run/meta.parquet").read_bytes() == before


def test_a_set_by_construction_says_that_nobody_was_asked():
    text = invoke("advise", "--judgments", "contrast-sv", "--metric", "chrf", *FAST, "--slice", "form").stdout
    assert "better by construction: nobody was asked" in " ".join(text.split())
    assert "use" not in [word for line in text.splitlines() if line.startswith("  chrf") for word in line.split()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "whose judgments?"),
        (["run", "--judgments", "gec-sv"], "already has its judgments"),
        (["run", "--metric", "chrf"], "already has its metrics"),
        (["nowhere"], "nowhere"),
    ],
)
def test_wrong_use_is_refused(arguments, said):
    assert said in invoke("advise", *arguments, code=2).stderr


def test_a_power_or_difference_that_makes_no_sense_is_refused(ratings):
    assert "power must lie between" in invoke("advise", *ratings, *FAST, "--power", "1", code=2).stderr
    assert "delta" in invoke("advise", *ratings, *FAST, "--delta", "0", code=2).stderr


def test_items_copied_under_other_ids_are_not_to_be_used(ratings, tmp_path):
    head, *lines = (tmp_path / "ratings.csv").read_text().splitlines()
    six = [line for line in lines if line[:3] in {f"q{number:02d}" for number in range(6)}]
    copied = [f"c{copy}{line}" for copy in range(10) for line in six]
    (tmp_path / "ratings.csv").write_text("\n".join([head, *copied]))
    found = json.loads(invoke("advise", *ratings, *FAST, "--slice", "language", "--json").stdout)
    whole = next(one for one in found if one["slice"] == "all")
    assert (whole["verdict"], whole["n_items"], whole["n_different"]) == ("weak", 60, 6)
    assert "on 60 items, 6 different (180 pairs)" in whole["reason"]
    assert {one["n_different"] for one in found if one["slice"] == "language=sv"} == {3}


def test_a_slice_of_which_nothing_can_be_held_out_has_no_advice(ratings, tmp_path):
    lines = (tmp_path / "ratings.csv").read_text().splitlines()
    one = "q99,{},{},en mening som ingen annan,anna,correctness,{},fr"
    answers = [one.format(system, system, rating) for rating, system in enumerate(("right", "near", "wrong"), 1)]
    (tmp_path / "ratings.csv").write_text("\n".join([*lines, *answers]))
    text = " ".join(invoke("advise", *ratings, *FAST, "--slice", "language").stdout.split())
    assert "no advice: language=fr (people rated too few items to hold any out)" in text
