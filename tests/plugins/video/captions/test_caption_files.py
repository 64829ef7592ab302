"""Captions of each kind become the same cues, and what is wrong is named by line."""

import pytest
from harness_plugins.video.captions import Captions, Cue, read_captions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.errors import InputError

CUES = (Cue(0.0, 2.0, "A red circle moves.", 2), Cue(2.0, 4.0, "En blå fyrkant vilar.", 6))
SRT = "1\n00:00:00,000 --> 00:00:02,000\nA red circle moves.\n\n2\n00:00:02,000 --> 00:00:04,000\nEn blå fyrkant vilar.\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nA red circle moves.\n\n00:02.000 --> 00:04.000\nEn blå fyrkant vilar.\n"
LINES = (
    '{"start": 0, "end": 2, "text": "A red circle moves."}\n'
    '{"start": 2.0, "end": "00:00:04.000", "text": "En blå fyrkant vilar."}\n'
)


def plain(captions):
    return [(cue.start, cue.end, cue.text) for cue in captions.cues]


def read(folder, name, content, **named):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_captions(path, **named)


@pytest.mark.parametrize(
    ("name", "content"), [("x.srt", SRT), ("x.vtt", VTT), ("x.jsonl", LINES), ("X.SRT", SRT), ("x.srt", VTT)]
)
def test_each_kind_gives_the_same_cues(tmp_path, name, content):
    found = read(tmp_path, name, content)
    assert plain(found) == plain(Captions(CUES, ()))
    assert found.problems == ()


def test_lines_are_counted_as_in_the_file(tmp_path):
    assert read(tmp_path, "x.srt", SRT).cues == CUES
    assert [cue.line for cue in read(tmp_path, "x.vtt", VTT).cues] == [3, 6]
    assert [cue.line for cue in read(tmp_path, "x.jsonl", LINES).cues] == [1, 2]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("name", "content"), [("x.srt", SRT), ("x.vtt", VTT), ("x.jsonl", LINES)])
def test_byte_order_marks_and_line_ends_change_nothing(tmp_path, mark, end, name, content):
    encodings = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xff\xfe\x00\x00": "utf-32-le"}
    text = content.rstrip("\n").replace("\n", end)
    found = read(tmp_path, name, mark + text.encode(encodings.get(mark, "utf-8")))
    assert plain(found) == plain(Captions(CUES, ()))


def test_what_is_not_utf_8_is_refused_with_its_place_until_the_encoding_is_told(tmp_path):
    old = "1\n00:00:00,000 --> 00:00:02,000\nRäven är röd – å nej!\n".encode("cp1252")
    with pytest.raises(InputError, match=r"x\.srt:3: byte 0xe4 is not utf-8; give the file's `encoding`"):
        read(tmp_path, "x.srt", old)
    assert read(tmp_path, "x.srt", old, encoding="cp1252").cues[0].text == "Räven är röd – å nej!"
    with pytest.raises(InputError, match="'klingon' is no encoding"):
        read(tmp_path, "x.srt", old, encoding="klingon")
    assert plain(read(tmp_path, "y.srt", b"\xef\xbb\xbf" + SRT.encode(), encoding="cp1252")) == plain(Captions(CUES, ()))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.srt", "", "it is empty"),
        ("x.srt", "\n \n", "it is empty"),
        ("x.srt", "no times here\n", "line 1: before the first line of times: 'no times here'"),
        ("x.vtt", "WEBVTT\n", "it is empty"),
        ("x.vtt", SRT, "its first line is not WEBVTT but '1'"),
        ("x.vtt", "WEBVTTX\n", "its first line is not WEBVTT"),
        ("x.jsonl", "[1]\n", "line 1: an object with start, end and text is wanted"),
        ("x.sub", "{1}{2}Hej", "captions are files that end in .srt, .vtt, .jsonl"),
    ],
)
def test_a_file_without_a_usable_cue_is_refused(tmp_path, name, content, says):
    with pytest.raises(InputError) as caught:
        read(tmp_path, name, content)
    assert says in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path):
    (tmp_path / "folder.srt").mkdir()
    for name in ("nowhere.srt", "folder.srt"):
        with pytest.raises(InputError, match="cannot be read"):
            read_captions(tmp_path / name)


def test_cues_come_by_time_and_what_is_wrong_by_line(tmp_path):
    content = (
        "1\n00:00:03,000 --> 00:00:04,000\nGood.\n\n2\n00:00:02,000 --> 00:00:01,000\nBackwards.\n\n"
        "3\n00:00:01,000 --> 00:00:01,000\nNothing.\n\n4\n00:00:00,000 --> 00:00:02,000\nFirst.\n"
    )
    found = read(tmp_path, "x.srt", content)
    assert [(cue.text, cue.line) for cue in found.cues] == [("First.", 14), ("Good.", 2)]
    assert [(problem.line, problem.reason) for problem in found.problems] == [(6, "ends-before-start"), (10, "no-duration")]
    assert "'Backwards.'" in found.problems[0].detail


def test_a_cue_that_stands_there_twice_is_named_the_second_time(tmp_path):
    rolling = "\n3\n00:00:00,000 --> 00:00:02,000\nA red\n\n4\n00:00:01,000 --> 00:00:02,000\nA red circle moves.\n"
    found = read(tmp_path, "x.srt", SRT + "\n" + SRT + rolling)
    assert len(found.cues) == 4
    assert [(problem.line, problem.reason) for problem in found.problems] == [(10, "repeated"), (14, "repeated")]
    assert "line 2 already" in found.problems[0].detail


def test_a_cue_without_a_word_is_left_out_and_signs_beside_words_stay(tmp_path):
    said = ("♪ La la la ♪", "♪♪", "- Hej.\n- Hej då.", "[DÖRREN\nSLÅR]", "...")
    rows = (f"{at}\n00:00:{at:02d},000 --> 00:00:{at:02d},900\n{text}\n" for at, text in enumerate(said))
    found = read(tmp_path, "x.srt", "\n".join(rows))
    assert [cue.text for cue in found.cues] == ["♪ La la la ♪", "- Hej. - Hej då.", "[DÖRREN SLÅR]"]
    assert [(problem.line, problem.reason) for problem in found.problems] == [(6, "no-text"), (20, "no-text")]


def test_control_characters_become_blanks_and_everything_else_stays(tmp_path):
    odd = "red \x00\x07\ufeff\u200b\u202e\u2028\u0308👩\u200d🚀 circle"
    srt = read(tmp_path, "x.srt", f"1\n00:00:00,000 --> 00:00:02,000\n{odd}\n")
    import json

    lines = read(tmp_path, "x.jsonl", json.dumps({"start": 0, "end": 2, "text": odd}) + "\n")
    for found in (srt, lines):
        assert [cue.text for cue in found.cues] == ["red \u200b\u202e \u0308👩\u200d🚀 circle"]


def test_ten_thousand_cues(tmp_path):
    def clock(tenths):
        return f"{tenths // 36000:02d}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d},{tenths % 10}00"

    content = "\n".join(f"{at}\n{clock(at)} --> {clock(at + 1)}\nword {at}\n" for at in range(10_000))
    found = read(tmp_path, "x.srt", content)
    assert len(found.cues) == 10_000
    assert found.problems == ()
    assert (found.cues[-1].start, found.cues[-1].end) == (999.9, 1000.0)


TEXTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="<>{}&\\-\ufeff"), min_size=1, max_size=30
).filter(lambda text: any(character.isalnum() for character in text) and not text.strip().isdigit())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), TEXTS), min_size=1, max_size=8, unique=True))
def test_what_is_written_is_read_back_from_each_kind(tmp_path_factory, rows):
    import json

    folder = tmp_path_factory.mktemp("x")

    def clock(thousandths, mark):
        seconds = thousandths // 1000
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{thousandths % 1000:03d}"

    def block(at, row, mark):
        return f"{at}\n{clock(row[0], mark)} --> {clock(row[0] + row[1], mark)}\n{row[2]}\n"

    wanted = sorted({(start / 1000, (start + length) / 1000, " ".join(text.split())) for start, length, text in rows})
    files = {
        "x.srt": "\n".join(block(at, row, ",") for at, row in enumerate(rows)),
        "x.vtt": "WEBVTT\n\n" + "\n".join(block(at, row, ".") for at, row in enumerate(rows)),
        "x.jsonl": "\n".join(
            json.dumps({"start": row[0] / 1000, "end": (row[0] + row[1]) / 1000, "text": row[2]}) for row in rows
        ),
    }
    for name, content in files.items():
        found = sorted(plain(read(folder, name, content)))
        assert [text for *_, text in found] == [text for *_, text in wanted]
        assert [when for *when, _ in found] == [pytest.approx(list(when)) for *when, _ in wanted]


@settings(max_examples=300)
@given(
    st.sampled_from([".srt", ".vtt", ".jsonl"]),
    st.text(st.sampled_from('0123:,.-> \n\rWEBVT<>&;{}\\[]"astrende♪x'), max_size=120),
)
@example(".srt", "0:00:00,000 --> 0:00:01,000\n\r\n0\n\n")
@example(".vtt", "WEBVTT\n-->\n-->")
def test_anything_is_read_or_refused(tmp_path_factory, ending, content):
    folder = tmp_path_factory.getbasetemp()
    try:
        found = read(folder, f"any{ending}", content)
    except InputError as error:
        assert f"any{ending}" in str(error)  # noqa: PT017 - either may come
        return
    lines = content.count("\n") + content.count("\r") + 1
    assert all(0 <= cue.start < cue.end and cue.text and 1 <= cue.line <= lines for cue in found.cues)
    assert all(1 <= problem.line <= lines and problem.detail for problem in found.problems)
