"""What harness data check finds stands in a report too: the worst first, six at most, nothing that is said already."""

from judgment_sets import Sheet
from reports import report_of

from harness.report.doubts import MOST, doubts


def answers(items, text):
    """Three systems on as many items, rated by two people; `text` makes a system's answer to an item."""
    sheet = Sheet()
    for item in range(items):
        sheet.item(f"i{item}", references=(f"svar nummer {item}",))
        for place, system in enumerate("abc"):
            rating = float(1 + (item + place) % 3)
            sheet.answer(f"i{item}", system, {"anna": rating, "bo": rating}, text=text(item, system), m=rating)
    return sheet


def test_what_data_check_calls_a_wrong_reading_is_the_first_warning():
    report = report_of(answers(40, lambda item, system: f"fÃ¥r {item} {system}" if item < 10 else f"svar {item} {system}"))
    assert report.warnings[0].startswith("30 of 120 outputs (25%) hold UTF-8 that was read as Windows-1252")


def test_what_weighs_less_stands_after_the_warnings_about_the_numbers():
    report = report_of(answers(40, lambda item, system: f"svar {item} {system if item > 9 else ''}".strip()))
    places = [place for place, text in enumerate(report.warnings) if "say the same on 10 of 40 items (25%)" in text]
    assert len(places) == 3  # three pairs of three systems
    assert "Under 100 items the intervals are approximate" in report.warnings[0]
    assert min(places) > 0


def test_a_concern_is_left_out_where_a_sentence_says_it_already():
    data = answers(40, lambda item, system: f"svar nummer {item}" if system == "a" else f"svar {item} {system}").data()
    grave, _ = doubts(data, ())
    assert grave == ["System 'a' equals a reference on 40 of 40 items (100%): metrics that use the reference are flattered."]
    assert doubts(data, ("System 'a' equals a reference on 40 of 40 items (100.0%): compare.",))[0] == []


def test_of_many_the_rest_are_counted():
    sheet = Sheet()
    for item in range(40):
        for system in "abcdef":
            sheet.answer(f"i{item}", system, {"anna": float(item % 3), "bo": float(item % 3)}, text=f"samma {item}", m=1.0)
    grave, others = doubts(sheet.data(), ())
    assert len(grave) == MOST  # of fifteen pairs of systems that say the same everywhere
    assert others[-1].startswith("… and ")
    assert others[-1].endswith(" more: harness data check.")
