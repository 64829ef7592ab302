"""The preview page: which segments, which frames, and that no text of a video or its captions becomes markup."""

import base64
import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import html_page
import numpy as np
import pytest
from barred_video import CUES, number_of, write_base
from harness_plugins.video.builder import build
from harness_plugins.video.preview.choosing import choose
from harness_plugins.video.preview.contents import preview
from harness_plugins.video.preview.page import clock, preview_html
from harness_plugins.video.preview.pictures import enlarged, spread
from harness_plugins.video.store import VideoTokens

from harness.errors import InputError
from harness.records import Example, MediaPart, Message, TextPart

SCRIPTS = """1
00:00:00,000 --> 00:00:01,000
<script>alert(1)</script>Hi

2
00:00:01,000 --> 00:00:02,000
<img src=x onerror=alert(1)>

3
00:00:02,000 --> 00:00:03,000
"><b>x

4
00:00:03,000 --> 00:00:04,000
&lt;script&gt;alert(2)&lt;/script&gt;
"""


def built(folder: Path, name: str = "base", cues: str = CUES) -> tuple[Callable[[], Iterable[Example]], VideoTokens]:
    """Examples of a video, and their tokens."""
    write_base(folder / "films", name, cues)
    made = build(videos=str(folder / "films"), folder=str(folder / "tokens"), language="en", rate=5, tokenizer={"codes": 7})
    examples = [row for row in made.examples() if isinstance(row, Example)]
    return lambda: examples, VideoTokens(folder / "tokens")


def picture(address: str | None) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """The pixels of a `data:` address."""
    import av

    assert address is not None
    head, data = address.split(",")
    assert head == "data:image/jpeg;base64"
    with av.open(io.BytesIO(base64.b64decode(data)), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def example(number: int, video: str, start: float = 0.0) -> Example:
    part = MediaPart(media="video", uri=f"/{video}.mp4", sha256=None, start=start, end=start + 1)
    return Example(
        id=f"x/{video}/{number}",
        kind="aligned",
        language="sv",
        messages=(Message(role="document", parts=(TextPart(text="Hej."), part)),),
    )


def test_the_page_shows_the_frames_of_each_span_above_what_their_tokens_draw(tmp_path: Path) -> None:
    read, tokens = built(tmp_path)
    page = html_page.parse(preview_html(preview("Films", read, tokens, frames=5)))
    articles = page.all("article")
    assert ["A red circle moves." in article.text for article in articles] == [True, False]
    assert [figure.text for figure in articles[0].all("figcaption")] == ["0:00.2", "0:00.6", "0:01.0", "0:01.4", "0:01.8"]
    images = [picture(image.attributes["src"]) for image in articles[1].all("img")]
    assert [image.shape for image in images] == [(132, 176, 3)] * 10
    assert [number_of(image) for image in images] == [number for frame in (55, 65, 75, 85, 95) for number in (frame, frame)]


def test_pictures_are_allowed_and_nothing_else_is(tmp_path: Path) -> None:
    read, tokens = built(tmp_path)
    page = html_page.parse(preview_html(preview("Films", read, tokens)))
    [policy] = [node.attributes["content"] or "" for node in page.all("meta") if "http-equiv" in node.attributes]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy.split("; ")
    assert {(image.attributes["src"] or "")[:11] for image in page.all("img")} == {"data:image/"}


def test_no_caption_and_no_name_becomes_markup(tmp_path: Path) -> None:
    read, tokens = built(tmp_path, "<i>x", SCRIPTS)
    text = preview_html(preview("<b>Films", read, tokens))
    page = html_page.parse(text)
    main = page.one("main")
    assert [main.all(name) for name in ("script", "i")] == [[], []]
    assert [node.attributes for node in page.walk() for name in node.attributes if name.startswith("on")] == []
    assert all((image.attributes["src"] or "").startswith("data:image/jpeg;base64,") for image in page.all("img"))
    said = [article.all("p", class_="said")[0].text for article in page.all("article")]
    assert said == ["<script>alert(1)</script>Hi", "<img src=x onerror=alert(1)>", '">x', "<script>alert(2)</script>"]
    assert {article.all("b")[0].text for article in page.all("article")} == {"films/<i>x.mp4"}


def test_a_video_that_is_gone_is_said_and_found_elsewhere(tmp_path: Path) -> None:
    read, tokens = built(tmp_path)
    shutil.move(tmp_path / "films", tmp_path / "moved")
    page = preview("Films", read, tokens)
    assert {
        (card.frames, card.note.endswith("base.mp4 is not there any more; with --videos it is looked for elsewhere"))
        for card in page.cards
    } == {((), True)}
    assert [len(card.frames) for card in preview("Films", read, tokens, beside=tmp_path / "moved").cards] == [6, 6]


def test_without_tokens_frames_are_shown_two_a_second(tmp_path: Path) -> None:
    read, _ = built(tmp_path)
    page = preview("Films", read, None)
    assert [frame.time for frame in page.cards[1].frames] == [2.0, 2.5, 3.0, 3.5]
    assert [number_of(picture(frame.address)) for frame in page.cards[1].frames] == [50, 62, 75, 87]
    assert not page.drawn


def test_as_many_videos_as_fit_come_before_a_second_segment_of_one() -> None:
    many = [example(number, video, number) for video in "abc" for number in range(5)]
    shown = choose(lambda: many, 5, 0).shown
    counts = sorted(sum(part.uri == f"/{video}.mp4" for _, part in shown) for video in "abc")
    assert counts == [1, 2, 2]
    assert [one.id for one, _ in shown] == [one.id for one, _ in choose(lambda: many[::-1], 5, 0).shown]
    assert {one.id for one, _ in shown} != {one.id for one, _ in choose(lambda: many, 5, 1).shown}
    assert len({part.uri for _, part in choose(lambda: many, 2, 0).shown}) == 2
    assert len(choose(lambda: many, 100, 0).shown) == 15


def test_examples_without_video_are_counted_and_alone_refused() -> None:
    text = Example(id="x/t", kind="aligned", language="sv", messages=(Message(role="document", parts=(TextPart(text="Hej."),)),))
    assert choose(lambda: [text, example(0, "a")], 5, 0).without_video == 1
    with pytest.raises(InputError, match="none of its 1 examples has a video"):
        preview("Films", lambda: [text], None)


def test_times_and_sizes_are_written_and_drawn_as_they_are() -> None:
    assert [clock(seconds) for seconds in (0, 59.96, 61.25, 3600, None)] == ["0:00.0", "1:00.0", "1:01.2", "1:00:00.0", "–"]
    assert [spread(3, 5), spread(10, 5), spread(7, 1)] == [[0, 1, 2], [1, 3, 5, 7, 9], [3]]
    small = np.array([[[1] * 3, [2] * 3]], np.uint8)
    assert enlarged(small, np.zeros((2, 4, 3), np.uint8))[:, :, 0].tolist() == [[1, 1, 2, 2]] * 2
