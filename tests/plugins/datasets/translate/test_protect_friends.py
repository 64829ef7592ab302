"""False friends are noticed, and put over by table."""

import pytest
from harness_plugins.datasets.translate.protect_friends import false_friends, friends_kept


@pytest.mark.parametrize(
    ("source", "target", "kept"),
    [
        ("Frokost kl. 12", "Lunch kl. 12", True),
        ("Frokost kl. 12", "Frukost kl. 12", False),
        ("Morgenmad og frokost", "Frukost och lunch", True),
        ("Morgenmad og frokost", "Frukost och frukost", False),
        ("En landsby", "En by", True),
        ("Middag", "Frukost", True),
    ],
)
def test_a_word_that_only_looks_alike_is_noticed(source: str, target: str, kept: bool) -> None:
    assert friends_kept(source, target, ("da", "sv")) is kept


def test_their_translations_stand_in_a_table_for_the_pair() -> None:
    assert false_friends("Eventually, two billion", "en", "sv") == [(0, 10, "Så småningom"), (16, 23, "miljard")]
    assert false_friends("Eventually", "en", "de") == []
