"""Joined names of raters come apart as they were, whatever they hold."""

from hypothesis import given
from hypothesis import strategies as st

from harness.meta.rater_names import join_names, split_names


def test_plain_names_are_joined_by_a_plus() -> None:
    assert join_names(["anna", "bo"]) == "anna+bo"
    assert split_names("anna+bo") == ["anna", "bo"]
    assert split_names("anna") == ["anna"]
    assert split_names("") == []


def test_a_plus_in_a_name_makes_no_second_rater() -> None:
    names = ["anna+lab@x.org", "bo+lab@x.org"]
    assert join_names(names) == r"anna\+lab@x.org+bo\+lab@x.org"
    assert split_names(join_names(names)) == names


@given(st.lists(st.text(alphabet="ab+\\\n", min_size=1), min_size=1))
def test_names_come_back(names: list[str]) -> None:
    assert split_names(join_names(names)) == names
