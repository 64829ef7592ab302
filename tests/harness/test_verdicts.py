"""The order in which verdicts stand in their table."""

from harness.verdicts import Verdict, in_verdict_order


def verdict(output: str, value: float, **more: str) -> Verdict:
    return Verdict(metric="m", targets=(output,), form="direct", judge="j", value=value, **more)


def test_verdicts_stand_in_order_and_equal_ones_once_even_where_another_with_their_key_is_between_them() -> None:
    one, other = verdict("b", 1.0, key="k"), verdict("b", 2.0, key="k")
    first, earlier_key = verdict("a", 3.0, key="k"), verdict("b", 3.0, key="a")
    assert in_verdict_order([one, other, one, first, earlier_key, other]) == (first, earlier_key, one, other)
    assert in_verdict_order([]) == ()
