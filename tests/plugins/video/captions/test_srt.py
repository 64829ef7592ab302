"""SRT as it is met: other marks, missing numbers, arrows in what is said, times that are wrong."""

import pytest
from harness_plugins.video.captions.cues import Cue, clock
from harness_plugins.video.captions.subrip import read_subrip


def read(text):
    found = list(read_subrip(text.split("\n")))
    cues = [(one.start, one.end, one.text) for one in found if isinstance(one, Cue)]
    return cues, [(one.line, one.reason) for one in found if not isinstance(one, Cue)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:01,500", 1.5),
        ("00:00:01.500", 1.5),
        ("00:01,500", 1.5),
        ("1:02:03,004", 3723.004),
        ("100:00:00.000", 360000),
        ("00:00:01", 1),
        ("00:00:01,5", None),  # half a second, or five thousandths: not to be guessed
        ("00:60:00,000", None),
        ("00:00:60,000", None),
        ("-00:00:01,000", None),
        ("00:00:0١,000", None),
        ("1,500", None),
        ("", None),
    ],
)
def test_times(text, seconds):
    assert clock(text) == seconds


@pytest.mark.parametrize(
    "line",
    [
        "00:00:00,500 --> 00:00:01,500",
        "00:00:00.500-->00:00:01.500",
        "  00:00,500  -->  00:01,500  ",
        "00:00:00,500 --> 00:00:01,500 X1:10 X2:20 Y1:1 Y2:2",
    ],
)
def test_lines_of_times(line):
    assert read(f"1\n{line}\nHej\n") == ([(0.5, 1.5, "Hej")], [])


def test_numbers_may_be_missing_and_a_number_may_be_what_is_said():
    text = "\n".join(
        f"00:00:0{at},000 --> 00:00:0{at + 1},000\n{said}" for at, said in enumerate(("1984\n", "", "   \n", "End."))
    )
    assert read(text) == ([(0, 1, "1984"), (3, 4, "End.")], [(4, "no-text"), (6, "no-text")])
    assert read("7\n00:00:00,000 --> 00:00:01,000\nLåt\n42\n\n1\n00:00:01,000 --> 00:00:02,000\nx\n")[0][0][2] == "Låt 42"


def test_cues_without_an_empty_line_between():
    text = "1\n00:00:00,000 --> 00:00:01,000\nett\n2\n00:00:01,000 --> 00:00:02,000\ntvå"
    assert read(text) == ([(0, 1, "ett"), (1, 2, "två")], [])


def test_an_empty_line_within_a_caption_does_not_end_it():
    text = "1\n00:00:00,000 --> 00:00:01,000\nett\n\nmer\n\n2\n00:00:01,000 --> 00:00:02,000\ntvå"
    assert read(text)[0] == [(0, 1, "ett mer"), (1, 2, "två")]


@pytest.mark.parametrize(
    "line", ["00:00:01,000 -> 00:00:02,000", "00:00:01,000 --> ", "--> 00:00:02,000", "00:00:01,000 —> 00:00:02,000", "x --> y"]
)
def test_a_wrong_line_of_times_takes_its_text_with_it(line):
    text = f"1\n00:00:00,000 --> 00:00:01,000\nett\n\n2\n{line}\ntvå\n\n3\n00:00:03,000 --> 00:00:04,000\ntre\n"
    assert read(text) == ([(0, 1, "ett"), (3, 4, "tre")], [(6, "wrong-time")])


def test_a_cue_without_times_is_named_and_its_text_is_not_the_one_befores():
    text = "1\n00:00:00,000 --> 00:00:01,000\nett\n\n2\ntvå\n\n3\n00:00:03,000 --> 00:00:04,000\ntre\n"
    assert read(text) == ([(0, 1, "ett"), (3, 4, "tre")], [(5, "no-time")])
    assert read("Översatt av\n\n1\n00:00:00,000 --> 00:00:01,000\nett\n") == ([(0, 1, "ett")], [(1, "no-time")])


def test_an_arrow_in_what_is_said_stays():
    assert read("1\n00:00:00,000 --> 00:00:01,000\nPilen\na --> b\n") == ([(0, 1, "Pilen a --> b")], [])


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("<i>A red circle</i> moves.", "A red circle moves."),
        ("<I>Stort</I><br>brott", "Stort brott"),
        ('<font color="#ff0000">Rött</font>', "Rött"),
        ("{\\an8}A green star", "A green star"),
        ("{\\pos(10,20)}A {\\i1}star{\\i0}", "A star"),
        ("{y:i}Kursiv", "Kursiv"),
        ("Rad\\Nrad", "Rad rad"),
        ("salt &amp; peppar, R&ouml;d&nbsp;bil", "salt & peppar, Röd bil"),
        ("AT&T &amp;lt;i&amp;gt;", "AT&T &lt;i&gt;"),
        ("if 2 < 3 and 5 > 4", "if 2 < 3 and 5 > 4"),
        ("jag <3 dig {x} <okänt> &nej;", "jag <3 dig {x} <okänt> &nej;"),
        ("<script>alert(1)</script>Hej", "<script>alert(1)</script>Hej"),
    ],
)
def test_marks_are_taken_out_and_text_that_looks_like_them_stays(marked, plain):
    assert read(f"1\n00:00:00,000 --> 00:00:01,000\n{marked}\n")[0] == [(0, 1, plain)]
