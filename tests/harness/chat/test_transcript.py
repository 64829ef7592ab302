"""Recorded replies as a file: what is written is read, what is none is refused by its line, and what is put back is found."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.messages import Reply, Request, TokenProbability
from harness.chat.store import ReplyStore, key_of
from harness.chat.transcript import (
    About,
    Transcript,
    asked,
    put_back,
    read_transcript,
    replied,
    request_of,
    said,
    write_transcript,
)
from harness.errors import InputError

REQUEST = Request(
    messages=(("system", "Döm."), ("user", "två\nrader")), params={"temperature": 0.5}, sample=1, choices=("A", "B")
)
KEY = key_of("tiny@here", REQUEST)
REPLY = Reply(
    key=KEY,
    status="cut-off",
    text="VERDICT 1: 2",
    tokens=(TokenProbability(token="2", logprob=-0.1, top=(("2", -0.1), ("3", -2.5))),),
    finish="length",
    tokens_in=3,
    tokens_out=4,
    price=0.5,
    seconds=1.25,
    received=1.0,
    detail="cut",
)


def transcript(*replies: Reply) -> Transcript:
    lines = tuple(said(["a", "b"], "tiny@here", 1, ["style"], reply) for reply in replies)
    return Transcript(about=About(metric="llm-judge", origin="test"), requests=(asked("tiny@here", KEY, REQUEST),), replies=lines)


def test_what_is_written_is_read_and_the_request_makes_its_key_again(tmp_path: Path) -> None:
    write_transcript(tmp_path / "replies.jsonl", transcript(REPLY))
    found = read_transcript(tmp_path / "replies.jsonl")
    assert found == transcript(REPLY)
    (line,) = found.requests
    assert request_of(line) == REQUEST
    assert key_of(line.judge, request_of(line)) == line.key


def test_what_a_score_is_made_of_comes_back_and_what_the_reply_cost_stays_out() -> None:
    (line,) = transcript(REPLY).replies
    back = replied(line, KEY)
    assert (back.text, back.status, back.tokens, back.finish) == (REPLY.text, REPLY.status, REPLY.tokens, REPLY.finish)
    assert (back.price, back.seconds, back.received) == (None, None, None)


def test_a_reply_that_is_put_back_is_what_the_store_has_for_the_request(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    put_back(transcript(REPLY), store)
    (reply,) = store.get([KEY]).values()
    assert (reply.text, reply.status, reply.tokens) == (REPLY.text, REPLY.status, REPLY.tokens)


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_every_text_comes_back_as_it_was(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.jsonl"
    whole = transcript(Reply(key=KEY, status="ok", text=text))
    write_transcript(path, whole)
    assert read_transcript(path) == whole


ABOUT = '{"kind":"about","metric":"m","origin":"o"}'
SAID = json.dumps({"kind": "reply", "of": ["a"], "judge": "j", "key": KEY, "text": "2"})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([SAID], "no line says where the replies come from"),
        ([ABOUT, ABOUT], "line 2: a second line says"),
        ([ABOUT, SAID, SAID], "line 3: the key .* is there twice"),
        ([ABOUT, SAID.replace(KEY, "abc")], "line 2: a key is 64 hexadecimal digits, got 'abc'"),
        ([ABOUT, SAID.replace('"text"', '"status": "error", "text"')], "line 2: 'error' is no reply; only cut-off, ok, refused"),
        ([ABOUT, SAID.replace('"text"', '"words"')], "line 2: .*unknown field `words`"),
        ([ABOUT, '{"kind":"remark"}'], "line 2: "),
        ([ABOUT, "{"], "line 2: "),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_line(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_transcript(path)


def test_a_file_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"replies\.jsonl: cannot be read.*`harness gate record` writes it"):
        read_transcript(tmp_path / "replies.jsonl")
