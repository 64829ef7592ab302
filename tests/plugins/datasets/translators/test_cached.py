"""What was translated is not translated again; what failed is tried again; a kill costs a batch."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.translators.base import Translated
from harness_plugins.datasets.translators.cached import Cached

from harness.cache import Cache
from harness.errors import PluginError


class Counting:
    """Says what it was asked."""

    unit = "text"

    def __init__(self, signature: str = "counting|v:1", breaks_at: int = 10**9) -> None:
        self.signature, self.breaks_at = signature, breaks_at
        self.calls: list[list[str]] = []

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        self.calls.append(list(texts))
        if sum(map(len, self.calls)) > self.breaks_at:
            raise KeyboardInterrupt
        return [Translated(None, "refused") if "no" in text else Translated(text.upper()) for text in texts]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_equal_texts_are_translated_once_and_results_stay_in_order(cache: Cache) -> None:
    engine = Counting()
    cached = Cached(engine, cache)
    texts = ["bb", "a", "bb", "a\ud800", ""]
    assert cached.translate(texts) == [Translated(text.upper()) for text in texts]
    assert sorted(engine.calls[0]) == sorted({*texts})
    assert (cached.asked, cached.repeated, cached.hits) == (4, 1, 0)


def test_another_process_finds_what_was_kept(cache: Cache, tmp_path: Path) -> None:
    Cached(Counting(), cache).translate(["a", "b"])
    engine = Counting()
    again = Cached(engine, Cache(tmp_path))
    assert again.translate(["b", "c", "b"]) == [Translated("B"), Translated("C"), Translated("B")]
    assert (engine.calls, again.hits, again.asked) == ([["c"]], 2, 1)


def test_another_signature_is_another_translator(cache: Cache) -> None:
    Cached(Counting("one"), cache).translate(["a"])
    engine = Counting("two")
    Cached(engine, cache).translate(["a"])
    assert engine.calls == [["a"]]


def test_failures_are_not_kept(cache: Cache) -> None:
    engine = Counting()
    cached = Cached(engine, cache)
    for _ in range(2):
        assert cached.translate(["no", "yes"]) == [Translated(None, "refused"), Translated("YES")]
    assert (engine.calls, cached.failed) == ([["no", "yes"], ["no"]], 2)


def test_a_kill_costs_the_batch_in_hand(cache: Cache) -> None:
    texts = [f"text {number:02}" for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        Cached(Counting(breaks_at=6), cache, batch=3).translate(texts)
    engine = Counting()
    assert Cached(engine, cache, batch=3).translate(texts) == [Translated(text.upper()) for text in texts]
    assert sum(map(len, engine.calls)) == 4


def test_nothing_is_planned_for_a_translator_that_asks_nobody(cache: Cache) -> None:
    assert list(Cached(Counting(), cache).plan(["a"])) == []


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (lambda texts: [Translated("ett")], "gave 1 results for 2 texts"),
        (lambda texts: [1, 2], "gave int for a text"),
        (lambda texts: 1 / 0, "failed: ZeroDivisionError"),
        (lambda texts: sys.exit(0), "failed: SystemExit: 0"),
    ],
)
def test_a_strangers_translator_that_breaks_the_protocol_is_named(
    tmp_path: Path, says: Callable[[Sequence[str]], Any], complaint: str
) -> None:
    class Odd:
        signature, unit = "odd|v:1", "text"

        def translate(self, texts: Sequence[str]) -> Any:
            return says(texts)

    with pytest.raises(PluginError, match=rf"translator 'odd\|v:1' {complaint}"):
        Cached(Odd(), Cache(tmp_path)).translate(["one", "two"])


def test_plain_texts_count_as_translations(tmp_path: Path) -> None:
    class Plain:
        signature, unit = "plain|v:1", "text"

        def translate(self, texts: Sequence[str]) -> Any:
            return ["ett", None]

    assert Cached(Plain(), Cache(tmp_path)).translate(["one", "two"]) == [Translated("ett"), Translated(None, "error")]
