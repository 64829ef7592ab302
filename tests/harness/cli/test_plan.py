"""`harness plan` from the shell: a run or judgments and metrics, differences, widths, sentinels, and what is refused."""

import json
import random

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.meta.study import StudyPlan

FAST = ["--set", "random_draws=5"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def ratings(tmp_path):
    """60 questions whose answers share a random number of the reference's words, and are rated by it, more or less."""
    rng = random.Random(1)
    words = ["ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta"]
    lines = ["item,system,output,reference,rater,criterion,rating"]
    for number in range(60):
        for system in "abc":
            kept = [word for word in words if rng.random() < 0.6] or ["inget"]
            rating = max(1, min(3, round(len(kept) / 2 - 1 + rng.gauss(0, 0.7))))
            lines.append(f"q{number:02d},{system},{' '.join(kept)},{' '.join(words)},anna,correctness,{rating}")
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    return ["--judgments", "table:ratings.csv", "--metric", "chrf", "--metric", "rouge-l", "--metric", "rouge-2"]


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def test_plans_as_json_have_every_field_and_a_pair_each(ratings):
    found = json.loads(invoke("plan", *ratings, *FAST, "--json").stdout)
    assert set(found[0]) == set(StudyPlan.__struct_fields__)
    names = [(one["first"].partition("|")[0], one["second"].partition("|")[0]) for one in found]
    assert names == [("chrf", "rouge-l"), ("chrf", "rouge-2"), ("rouge-l", "rouge-2")]
    assert all(one["items"] == 60 and one["family"] == 3 and one["target"] == 0.02 for one in found)
    assert all(one["needed_low"] < one["needed_items"] < one["needed_high"] for one in found)


def test_the_text_says_what_is_planned_for_the_items_now_and_what_is_assumed(ratings):
    text = invoke("plan", *ratings, *FAST).stdout
    assert "Items that find a difference of .020 in calibrated accuracy with 80% power" in text
    assert "of a family of 3 (Holm's smallest alpha .0167)" in " ".join(text.split())
    assert "60 items, 3 systems on each" in text
    assert "what more raters would do is unknown: 0 items with two raters, 30 are needed" in text
    assert "Assumes as many systems on each item" in text


def test_metrics_of_a_run_are_chosen_by_the_name_the_user_gave_and_compared_with_a_sentinel(ratings):
    invoke("score", *ratings, "--output", "run")
    found = json.loads(invoke("plan", "run", "-m", "chrf", "--against", "length", "--delta", ".1", *FAST, "--json").stdout)
    assert [(one["first"].partition("|")[0], one["second"].partition("|")[0]) for one in found] == [("chrf", "length")]
    larger = json.loads(invoke("plan", "run", "-m", "chrf", "--against", "length", *FAST, "--json").stdout)
    assert larger[0]["needed_items"] > 5 * found[0]["needed_items"]
    assert "this run has no metric 'chfr'. Did you mean 'chrf'?" in invoke("plan", "run", "-m", "chfr", code=2).stderr


def test_a_width_is_planned_of_held_out_accuracy(ratings):
    text = invoke("plan", *ratings, *FAST, "--width", ".1").stdout
    assert "Items for a 95% interval of held-out accuracy that is .100 wide" in text
    assert text.count("more than now") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "lenght"], "no metric or sentinel 'lenght'"),
        (["--in", "form=shrt"], "no slice 'form=shrt'"),
        (["--width", "3"], "width"),
        (["--family", "0"], "family"),
        (["--alpha", "2"], "alpha"),
        (["--criterion", "nosuch"], "has no criterion 'nosuch'. Known: correctness."),
        (["--width", ".1", "--delta", ".1"], "not for both"),
        (["--delta", "1e-12"], "is at least 0.0001"),
    ],
)
def test_wrong_use_is_refused_with_what_to_do(ratings, arguments, said):
    assert said in invoke("plan", *ratings, *FAST, *arguments, code=2).stderr


def test_a_criterion_that_a_run_does_not_have_is_refused_with_those_that_it_has(ratings):
    invoke("score", *ratings, "--output", "run")
    said = invoke("plan", "run", "--criterion", "nosuch", code=2).stderr
    assert "has no criterion 'nosuch'. Known: correctness." in said
