"""Splits: a pure function of a document's name."""

import pytest

from harness.build.options import SplitOptions
from harness.build.splits import split_of


def test_shares_are_those_asked_for() -> None:
    options = SplitOptions(train=0.8, validation=0.1, test=0.1)
    found = [split_of(f"doc/{n}", options) for n in range(5000)]
    for name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert found.count(name) / 5000 == pytest.approx(share, abs=0.02)


def test_another_seed_draws_anew_and_the_same_seed_does_not() -> None:
    names = [f"doc/{n}" for n in range(200)]
    first = [split_of(name, SplitOptions(seed=1, train=0.5, validation=0.25, test=0.25)) for name in names]
    again = [split_of(name, SplitOptions(seed=1, train=0.5, validation=0.25, test=0.25)) for name in names]
    other = [split_of(name, SplitOptions(seed=2, train=0.5, validation=0.25, test=0.25)) for name in names]
    assert first == again
    assert first != other


@pytest.mark.parametrize(("shares", "expected"), [((1, 0, 0), "train"), ((0, 1, 0), "validation"), ((0, 0, 1), "test")])
def test_a_share_of_one_takes_all(shares: tuple[float, float, float], expected: str) -> None:
    train, validation, test = shares
    options = SplitOptions(train=train, validation=validation, test=test)
    assert {split_of(f"d{n}", options) for n in range(300)} == {expected}
