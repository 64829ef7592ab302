"""What lm-eval asks: replies kept under model and request as they arrive, counted, and never made up."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from harness.cache import Cache
from harness.errors import PluginError
from harness.leaderboard.asking import KeptModel
from harness.leaderboard.replies import Replies, Reply, summed
from harness.segments import Segments


def request(*args: Any) -> Any:
    return SimpleNamespace(args=args)


class Letters:
    """Writes `told` for each prompt; a token is a letter, and it reads ten."""

    max_length = 10

    def __init__(self, told: Callable[[int], str | None] = str) -> None:
        self.told, self.asked, self.tokenizer = told, 0, object()

    def tok_encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def generate_until(self, requests: Sequence[Any]) -> list[str | None]:
        self.asked += len(requests)
        return [self.told(number) for number in range(len(requests))]

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        return [(float("-inf"), True) for _ in requests]

    def apply_chat_template(self, history: Any, add_generation_prompt: bool = True) -> str:
        raise ValueError("tokenizer.chat_template is not set")


def kept(tmp_path: Path, model: Any, signature: str = "s", cache: Cache | None = None) -> KeptModel:
    return KeptModel("m", signature, lambda: model, Replies(Segments(tmp_path / "segments"), cache))


def test_equal_requests_have_each_their_reply_and_keep_it(tmp_path: Path) -> None:
    asked = [request("a", {}), request("a", {}), request("b", {})]
    first = kept(tmp_path, Letters())
    assert first.generate_until(asked) == ["0", "1", "2"]
    again = kept(tmp_path, Letters(lambda number: "other"))
    assert again.generate_until(asked) == ["0", "1", "2"]
    assert not again.is_open


def test_another_model_in_the_same_cache_is_asked(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        kept(tmp_path / "one", Letters(), "one", cache).generate_until([request("a", {})])
        same, other = Letters(lambda number: "same"), Letters(lambda number: "other")
        assert kept(tmp_path / "two", same, "one", cache).generate_until([request("a", {})]) == ["0"]
        assert kept(tmp_path / "two", other, "two", cache).generate_until([request("a", {})]) == ["other"]
        assert (same.asked, other.asked) == (0, 1)


def test_a_reply_that_did_not_come_is_missing_and_the_others_are_kept(tmp_path: Path) -> None:
    asked = [request("a", {}), request("b", {})]
    with pytest.raises(PluginError, match="'m': 1 of 2 replies could not be had"):
        kept(tmp_path, Letters(lambda number: None if number else "x")).generate_until(asked)
    second = Letters(lambda number: "y")
    assert kept(tmp_path, second).generate_until(asked) == ["x", "y"]
    assert second.asked == 1


def test_tokens_are_counted_and_prompts_that_are_too_long_are_told(tmp_path: Path) -> None:
    model = kept(tmp_path, Letters())
    model.generate_until([request("123456", {"max_gen_toks": 4}), request("1234567", {"max_gen_toks": 4})])
    model.loglikelihood([request("12345678", "901"), request("123456789", "012")])
    assert [(one.read, one.written, one.cut) for one in model.used] == [
        (6, 1, False),
        (7, 1, True),
        (11, 0, False),
        (12, 0, True),
    ]
    spent = summed(model.used)
    assert (spent["tokens_in"], spent["tokens_out"], spent["usd"]) == (36, 2, None)


def test_a_log_likelihood_of_minus_infinity_comes_back_as_it_was(tmp_path: Path) -> None:
    kept(tmp_path, Letters()).loglikelihood([request("a", "b")])
    assert kept(tmp_path, Letters()).loglikelihood([request("a", "b")]) == [(float("-inf"), True)]


def test_a_model_without_a_chat_template_says_what_to_leave_out(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"'m' has no chat template .* leave out `chat: true`"):
        kept(tmp_path, Letters()).apply_chat_template([{"role": "user", "content": "hej"}])


def test_a_sum_is_missing_where_one_reply_does_not_tell() -> None:
    replies = [Reply(key="a", said='""', seconds=1.0, read=1, written=2), Reply(key="b", said='""', seconds=2.0, read=3)]
    assert summed(replies) == {"seconds": 3.0, "tokens_in": 4, "tokens_out": None, "usd": None}
