"""Tokens of stored replies: as the tuple that was stored, whatever is looked at first."""

import copy
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.kept_tokens import KeptTokens, said
from harness.chat.messages import Reply, Request, TokenProbability
from harness.chat.store import ReplyStore

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LOGPROBS = st.floats(-50, 0)
TOKENS = st.lists(
    st.builds(TokenProbability, token=TEXTS, logprob=LOGPROBS, top=st.lists(st.tuples(TEXTS, LOGPROBS), max_size=3).map(tuple)),
    max_size=6,
).map(tuple)


def kept(tokens):
    """The tokens as they are read from a store."""
    return KeptTokens(msgspec.msgpack.encode(tokens))


@given(TOKENS, st.permutations(["len", "said", "first", "last", "slice", "iter", "eq", "hash", "repr"]))
def test_they_are_as_the_tuple_in_whatever_order_they_are_asked(tokens, order):
    read = kept(tokens)
    asked = {
        "len": len,
        "said": said,
        "first": lambda some: some[0] if len(some) else None,
        "last": lambda some: some[-1] if len(some) else None,
        "slice": lambda some: some[1:3],
        "iter": list,
        "eq": lambda some: some == tokens and tokens == some and some == kept(tokens),
        "hash": hash,
        "repr": repr,
    }
    for name in order:
        assert asked[name](read) == asked[name](tokens), name


@given(TOKENS)
def test_they_are_pickled_and_copied_as_the_tuple(tokens):
    for again in (pickle.loads(pickle.dumps(kept(tokens))), copy.deepcopy(kept(tokens))):
        assert type(again) is tuple
        assert again == tokens


def test_a_place_that_is_not_there_is_told_of():
    read = kept((TokenProbability(token="j", logprob=-0.5),))
    for place in (1, -2):
        with pytest.raises(IndexError):
            read[place]


def test_what_is_no_token_is_told_of_where_it_is_read():
    with pytest.raises(msgspec.ValidationError):
        len(KeptTokens(msgspec.msgpack.encode([{"token": 1}])))


def test_a_stored_reply_can_be_stored_again_as_it_is(tmp_path):
    tokens = (TokenProbability(token=" 2", logprob=-0.5, top=((" 2", -0.5), (" 3", -1.0))),)
    request = Request(messages=(("user", "å"),))
    reply = Reply(key="ab" * 32, status="ok", text=" 2", tokens=tokens)
    ReplyStore(tmp_path / "one").put(reply.key, request, reply, None)
    first = ReplyStore(tmp_path / "one").get([reply.key])[reply.key]
    assert first == reply
    assert hash(first) == hash(reply)
    ReplyStore(tmp_path / "two").put(reply.key, request, first, None)
    assert ReplyStore(tmp_path / "two").get([reply.key])[reply.key] == reply


def test_a_reply_without_tokens_has_none(tmp_path):
    reply = Reply(key="ab" * 32, status="ok", text="2")
    ReplyStore(tmp_path).put(reply.key, Request(messages=(("user", "å"),)), reply, None)
    assert ReplyStore(tmp_path).get([reply.key])[reply.key].tokens == ()
