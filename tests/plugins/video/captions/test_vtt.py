"""WebVTT by its standard: header, notes, styles, regions, identifiers, settings, voices."""

import pytest
from harness_plugins.video.captions.cues import Cue
from harness_plugins.video.captions.webvtt import is_webvtt, read_webvtt


def read(text):
    found = list(read_webvtt(("WEBVTT\n\n" + text).split("\n")))
    cues = [(one.start, one.end, one.text) for one in found if isinstance(one, Cue)]
    return cues, [(one.line, one.reason) for one in found if not isinstance(one, Cue)]


def test_the_first_line():
    assert is_webvtt(["WEBVTT"])
    assert is_webvtt(["WEBVTT - Kapitel ett"])
    assert not is_webvtt(["WEBVTTX"])
    assert not is_webvtt(["webvtt"])
    assert not is_webvtt([])


def test_only_cues_are_read():
    text = (
        "NOTE made by hand\ndo not read aloud\n\nSTYLE\n::cue{color:red}\n\nREGION\nid:fred\n\nNOTE\n\n"
        "intro\n00:00.000 --> 00:02.000 align:start position:10%\nA red circle moves.\n\n"
        "2\n00:00:02.000 --> 00:00:04.000\nA blue\nsquare rests.\n"
    )
    assert read(text) == ([(0, 2, "A red circle moves."), (2, 4, "A blue square rests.")], [])
    header = ["WEBVTT", "Kind: captions", "Language: sv", "", "00:00.000 --> 00:02.000", "Hej"]
    assert [one.text for one in read_webvtt(header)] == ["Hej"]
    assert [one.text for one in read_webvtt(["WEBVTT", "00:00.000 --> 00:02.000", "Hej"])] == ["Hej"]


def test_a_cue_called_note_is_a_cue():
    assert read("NOTE\n00:00.000 --> 00:02.000\nHej\n") == ([(0, 2, "Hej")], [])


def test_an_arrow_begins_a_cue_and_an_empty_line_ends_one():
    assert read("00:00.000 --> 00:01.000\nett\n00:01.000 --> 00:02.000\ntvå\n") == ([(0, 1, "ett"), (1, 2, "två")], [])
    assert read("00:00.000 --> 00:01.000\nett\n\nlös text\n") == ([(0, 1, "ett")], [(6, "no-time")])


def test_what_is_wrong_is_named():
    text = "00:00.000 --> 00:61.000\nx\n\n00:00:00.5 --> 00:00:01.5\ny\n\n00:00.000 --> 00:01.000\n\n00:03.000 --> 00:02.000\nz\n"
    assert read(text) == ([], [(3, "wrong-time"), (6, "wrong-time"), (9, "no-text"), (11, "ends-before-start")])


def test_hours_of_three_digits():
    assert read("100:00:00.000 --> 100:00:02.000\nBorta\n")[0] == [(360000, 360002, "Borta")]


@pytest.mark.parametrize(
    ("marked", "plain", "speaker"),
    [
        ("<i>A red circle</i> moves.", "A red circle moves.", None),
        ("<c.yellow>A <b>blue</b></c> square", "A blue square", None),
        ("<v Anna>Hej!", "Hej!", "Anna"),
        ("<v.loud Anna Öberg>Hej!</v>", "Hej!", "Anna Öberg"),
        ("<v Anna>Hej!</v> <v Bo>Hej.</v>", "Hej! Hej.", None),
        ("<v.first>Hej", "Hej", None),
        ("<00:00:01.500>Nu <lang en>now</lang>", "Nu now", None),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢kan", None),
        ("if 2 < 3 and 5 > 4", "if 2 < 3 and 5 > 4", None),
        ("jag <3 dig", "jag <3 dig", None),
        ("salt &amp; pepper &lt;b&gt; R&ouml;d&nbsp;bil AT&T &#229;", "salt & pepper <b> Röd bil AT&T å", None),
        ("&amp;lt;i&amp;gt;", "&lt;i&gt;", None),
    ],
)
def test_text_and_speaker(marked, plain, speaker):
    (cue,) = read_webvtt(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{marked}\n".split("\n"))
    assert (cue.text, cue.speaker) == (plain, speaker)
