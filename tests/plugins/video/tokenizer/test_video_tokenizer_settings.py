"""Settings of a tokenizer: what is taken, and what is refused with what is allowed."""

from typing import Any

import pytest
from harness_plugins.video.tokenizer.settings import Settings, read_settings


def test_what_is_left_out() -> None:
    assert read_settings({}) == Settings(height=64, width=64)
    assert read_settings({}, height=32, width=48) == Settings(height=32, width=48)
    assert read_settings({"model": "a/b"}) == Settings(kind="encoder", model="a/b")
    assert read_settings({"size": 1}).detail == 1
    assert read_settings({"kind": "encoder", "model": "m", "grid": [2, 3]}).grid == (2, 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"size": 20}, r"size 20: .*64 wide and 64 high.*1, 2, 4, 8, 16, 32, 64"),
        ({"size": 0}, "size is a whole number from 1 to 4,096, got 0"),
        ({"size": 65}, "size 65: .* do not fill"),
        ({"size": True}, "size is a whole number .* got True"),
        ({"size": 8.0}, "size is a whole number .* got 8.0"),
        ({"codes": 0}, "codes is a whole number from 1 to"),
        ({"codes": 100, "sample": 99}, "sample is at least codes"),
        ({"levels": 0}, "levels is a whole number from 1 to 64, got 0"),
        ({"detail": 32}, "detail is a whole number from 1 to 31, got 32"),
        ({"seed": -1}, "seed is a whole number from 0"),
        ({"height": 0}, "height is a whole number from 1"),
        ({"kind": "patch"}, "kind is `patches` or `encoder`, got 'patch'. Did you mean 'patches'"),
        ({"kind": ["patches"]}, "kind is `patches` or `encoder`"),
        ({"code": 8}, "unknown key 'code'. Did you mean 'codes'"),
        ({"kind": "patches", "model": "x"}, "'model' is no setting of the kind `patches`"),
        ({"model": "x", "size": 8}, "'size' is no setting of the kind `encoder`"),
        ({"kind": "encoder"}, "model is a vision encoder's folder or hub name, got None"),
        ({"model": "x", "grid": [2]}, r"grid is \[rows, columns\]"),
        ({"model": "x", "grid": [0, 2]}, "grid is a whole number from 1"),
        (None, "tokenizer is a mapping"),
        (8, "tokenizer is a mapping"),
    ],
)
def test_what_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_settings(value)


def test_two_sizes_of_frames_are_refused() -> None:
    assert read_settings({"height": 32, "width": 32}, height=32).height == 32
    with pytest.raises(ValueError, match="height: 96 pixels of a frame are not the 64 of the tokenizer"):
        read_settings({"height": 64}, height=96)
