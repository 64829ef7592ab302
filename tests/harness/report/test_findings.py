"""The answer says who leads, only where a test says so, and never more than the data hold."""

import random
from types import SimpleNamespace

from judgment_sets import Sheet
from reports import report_of

from harness.report.advice import _exceptions
from harness.report.frame import listed


def rated(items, systems=("a", "b", "c"), **metrics):
    """Ratings 1 to 5 at random; each metric is a function of the rating and of a random number."""
    draw = random.Random(7)
    sheet = Sheet()
    for item in range(items):
        for system in systems:
            rating = float(draw.randint(1, 5))
            scores = {name: function(rating, draw.random()) for name, function in metrics.items()}
            sheet.answer(f"item{item:03d}", system, rating, text="ett svar " * draw.randint(1, 9), **scores)
    return sheet


def good(rating, noise):
    return rating + noise / 2


def useless(rating, noise):
    return noise


def test_metrics_of_one_rank_cannot_be_told_apart():
    report = report_of(rated(60, one=useless, two=useless))
    (line,) = [line for line in report.answer if line.startswith("On quality")]
    assert "the 2 metrics cannot be told apart" in line
    assert "leads" not in line
    assert report.answer[0].startswith("No metric is shown to beat every sentinel on quality.")


def test_a_metric_that_a_test_puts_ahead_leads():
    report = report_of(rated(120, one=good, two=useless))
    (line,) = [line for line in report.answer if line.startswith("On quality")]
    assert line.startswith("On quality, one leads, tested to be better than every other metric, with calibrated accuracy ")
    assert "and held-out ." in line
    assert "(120 items, 360 pairs)" in line
    assert report.answer[0] == "Shown to beat every sentinel (metrics that know nothing of quality) on quality: one."


def test_the_one_metric_of_a_run_is_compared_with_none():
    report = report_of(rated(60, one=good))
    assert any(
        line.startswith("On quality, one, the only metric that is ranked, has calibrated accuracy") for line in report.answer
    )


def test_several_criteria_are_counted_and_named():
    sheet = rated(100, one=good)
    other = Sheet("fluency")
    for output in sheet.outputs:
        for judgment in sheet.judgments:
            if judgment.output_id == output.id:
                other.judgments.append(type(judgment)(output_id=output.id, rater="anna", criterion="fluency", value=1.0))
    sheet.judgments += other.judgments
    answer = report_of(sheet).answer
    assert answer[0].startswith("On 1 of 2 criteria at least one metric is shown to beat every sentinel")
    assert answer[0].endswith("on quality one; none on fluency.")


def test_one_rater_is_a_warning_and_agreement_is_unknown():
    report = report_of(rated(30, one=good))
    assert any("One rater alone judged quality" in text for text in report.warnings)
    assert any("Raters agree: unknown, one rater only" in text for text in report.answer)
    assert any("Under 100 items the intervals are approximate" in text for text in report.warnings)


def test_a_leader_that_left_answers_out_says_so_with_the_bound():
    sheet = rated(120, one=good)
    for index, score in enumerate(sheet.scores):
        if index % 10 == 0:
            sheet.scores[index] = type(score)(targets=score.targets, metric=score.metric, status="unparsed")
    report = report_of(sheet)
    (line,) = [line for line in report.answer if line.startswith("On quality")]
    assert "; 90.0% have a score, and with the rest counted as wrong it has ." in line
    assert "one: no score on 36 of 360 outputs: 36 unparsed." in report.warnings


def test_ratings_without_any_value_say_that_nothing_can_be_said():
    sheet = Sheet()
    for item in "xyz":
        for system in "ab":
            sheet.answer(item, system, None, m=1.0)
    assert report_of(sheet).answer == (
        "Nothing can be said of any metric: no two judged answers could be compared (no output has two raters).",
    )


def test_scores_that_are_all_missing_are_the_reason():
    sheet = Sheet()
    for item in range(40):
        for system in "ab":
            sheet.answer(f"i{item}", system, float(system == "a"), m=None)
    assert report_of(sheet).answer == (
        "Nothing can be said of any metric: none has a score for both answers of any of the 40 pairs judged.",
    )


def test_a_constructed_set_says_that_no_person_judged_it_and_gets_no_advice():
    sheet = Sheet("construction", constructed=True)
    for index in range(40):
        sheet.item(f"i{index}", task=("negation", "order")[index % 2])
        better = sheet.answer(f"i{index}", "better", m=1.0 if index % 2 else 0.0)
        worse = sheet.answer(f"i{index}", "worse", m=0.5)
        sheet.prefer(better, worse, "a", rater="construction")
    sheet.judgments.clear()
    report = report_of(sheet, slices=("task",))
    assert report.answer[0].startswith(
        "No person judged these answers: in each of the 40 pairs one answer is better by construction."
    )
    assert report.answer[1].startswith("m, the only metric, prefers the better answer in .500 ")
    assert "below one half on negation" in report.answer[2]
    assert "Of 2 phenomena (20 pairs each, exploratory)" in report.answer[2]
    assert "advice" not in [section.id for section in report.sections]
    assert report.warnings[0].startswith("The better answers are better by construction: no person judged them")


def test_preferences_without_a_majority_are_counted_in_the_warnings():
    sheet = Sheet()
    for index in range(50):
        a, b = (sheet.answer(f"i{index}", system, m=float(system == "a")) for system in "ab")
        for rater, winner in zip("xyz", ("a", "a", "b") if index else ("a", "b", "tie"), strict=True):
            sheet.prefer(a, b, winner, rater)
    sheet.judgments.clear()
    report = report_of(sheet)
    assert "quality: 1 pairs without a strict majority of raters are left out." in report.warnings
    assert any(
        line.startswith("On quality, m, the only metric that is ranked, has calibrated accuracy 1.000") for line in report.answer
    )


def test_direct_verdicts_stand_apart_with_unparsed_ones_counted_as_wrong_and_lead_nothing():
    sheet = Sheet().metric("judge", unit="pair")
    for item in range(50):
        a, b = (sheet.answer(f"i{item}", system, m=float(system == "a")) for system in "ab")
        sheet.prefer(a, b, "a")
        sheet.score("judge", (a, b), None if item < 10 else 1.0)
    sheet.judgments.clear()
    (line,) = [line for line in report_of(sheet).answer if line.startswith("On quality")]
    assert line.startswith("On quality, m, the only metric that is ranked, has calibrated accuracy 1.000")
    assert "Direct verdicts, raw and not tested against the others: judge 1.000 [" in line
    assert "(40 pairs; 80.0% have a score, and with the rest counted as wrong it has .800 [" in line


def test_what_a_set_is_not_cut_by_is_no_gap_in_it_and_gaps_are_told_in_words():
    sheet = rated(30, one=good)  # texts of two to eighteen words, no form, one language
    last = report_of(sheet, slices=("form", "length", "language")).answer[-1]
    assert last.startswith("These data say nothing about items of 21-80 words, items of 81 words or more, languages other than")
    assert "=" not in last


def test_a_form_that_nobody_rated_is_told_in_words():
    sheet = rated(30, one=good)
    for item in range(30):
        sheet.item(f"item{item:03d}", form="short")
    assert report_of(sheet, slices=("form",)).answer[-1].startswith("These data say nothing about long items, languages other")


def test_five_names_are_named():
    assert listed(list("abcde")) == "a, b, c, d and e"
    assert listed(list("abcdef")) == "a, b, c, d and 2 more"


def advised(slice, verdict, metric="m", note=None):
    return SimpleNamespace(slice=slice, verdict=verdict, metric=metric, note=note)


def test_the_slices_on_which_advice_is_worse_are_named_and_many_are_counted():
    few = [advised("all", "use"), advised("task=a", "use"), advised("task=b", "ask people"), advised("form=long", "weak")]
    assert _exceptions(few, "use", {"m"}) == ", but only weak on form=long and ask people on task=b"
    assert _exceptions([*few, advised("task=b", "use", "n")], "use", {"m", "n"}) == ", but only weak on form=long"
    many = [advised(f"task={n}", "ask people" if n < 4 else "use") for n in range(6)]
    assert _exceptions(many, "use", {"m"}) == ", but ask people on 4 of 6 slices"
    assert _exceptions([advised("task=a", "no advice")], "use", {"m"}) == ""
