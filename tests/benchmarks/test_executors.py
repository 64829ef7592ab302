"""The break-even sizes that the documentation quotes follow from measured starts and rates."""

import pytest
from benchmark_scripts import benchmark

from harness.executors.choice import make_choice, make_executor

script = benchmark("executors")


def test_the_break_even_size_is_where_both_take_equally_long() -> None:
    assert script.break_even(start=1.0, here=0.010, there=0.006) == pytest.approx(250)  # 2.5 s here; 1 + 1.5 s there
    assert script.break_even(start=1.0, here=0.010, there=0.010) is None


def test_a_metric_that_burns_time_takes_that_time_and_its_line_says_from_where_on_processes_pay(tmp_path) -> None:
    work = next(work for work in script.works(tmp_path) if work.name == "10 ms a unit")
    with make_executor(make_choice(name="local", workers=2)) as executor:
        found = script.measure(work, {"local": executor}, budget=0.4, rounds=1)
    assert found.here >= 0.010
    assert set(found.there) == {"local"}
    made = script.Measured("w", 10, here=0.010, there={"local": 0.006, "ray": 0.012})
    assert script.line(made, {"local": 1.0, "ray": 9.0}) == (
        "here 10 ms a unit; local 6 ms (1.67 ×), pays from 250 units (2.5 s of work here); ray 12 ms (0.83 ×), never pays"
    )


def test_a_generator_that_burns_time_takes_that_time_an_example(tmp_path) -> None:
    work = next(work for work in script.works(tmp_path) if work.name == "an answer of 10 ms")
    with make_executor(make_choice(name="local", workers=2)) as executor:
        found = script.measure(work, {"local": executor}, budget=0.4, rounds=1)
    assert (work.size, found.units) == (10, 80)
    assert found.here >= 0.010
    assert found.there["local"] > 0
