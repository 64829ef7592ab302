"""Whatever a server sends is either read as an answer that can be kept, or is unusable with a reason."""

import json

import msgspec
import pytest
from chat_server import completion
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.client_wire import Answer, UnusableError, encoded, error_code, error_message, read_answer, read_refusal

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def answer_of(body: bytes) -> Answer | None:
    try:
        return read_answer(body)
    except UnusableError:
        return None


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_unusable_and_have_a_message(body: bytes) -> None:
    answer_of(body)
    read_refusal(body)
    assert len(error_message(body)) <= 300


@given(st.sampled_from(["choices", "usage", "message", "content", "finish_reason", "logprobs", "refusal"]), anything)
def test_any_value_in_any_place_is_an_answer_that_can_be_kept_or_unusable(place: str, value: object) -> None:
    body = completion("3", logprobs=None)
    choice = body["choices"][0]
    {"choices": body, "usage": body, "content": choice["message"], "refusal": choice["message"]}.get(place, choice)[place] = value
    answer = answer_of(json.dumps(body).encode())
    if answer is not None:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(answer), type=Answer) == answer
        for tokens in (answer.tokens_in, answer.tokens_out):
            assert tokens is None or 0 <= tokens <= 10**8


@pytest.mark.parametrize("nested", [b"[" * 50_000, b'{"choices": ' + b"[" * 50_000, b'{"error": ' + b'{"a": ' * 50_000])
def test_a_body_nested_without_end_is_unusable(nested: bytes) -> None:
    assert answer_of(nested) is None
    assert error_code(nested) is None


def test_half_a_character_in_an_answer_is_unusable_and_in_a_request_replaced() -> None:
    assert answer_of(b'{"choices": [{"message": {"content": "\\ud800"}}]}') is None
    assert encoded({"model": "m", "messages": [{"role": "user", "content": "a\ud800b"}]}) == (
        '{"model":"m","messages":[{"role":"user","content":"a\ufffdb"}]}'.encode()
    )


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": 10**40, "completion_tokens": 1}, {}, [], 3]
)
def test_a_usage_that_cannot_be_is_no_usage(usage: object) -> None:
    answer = read_answer(json.dumps({**completion("ja"), "usage": usage}).encode())
    assert (answer.text, answer.tokens_in, answer.tokens_out) == ("ja", None, None)
