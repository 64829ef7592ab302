"""The curve of accuracy by tie threshold is calibration's own: at every epsilon what acc_eq is there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgment_sets import Sheet, only
from reports import frame_of

from harness.meta.pairs import accuracy, human_signs, make_pairs, order_pairs
from harness.report.curves import curves, thresholds
from harness.report.ground import Ground

outputs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 3), st.sampled_from([0.0, 0.1, 0.25, 0.3, 1.0])), min_size=2, max_size=30
)


@given(outputs)
def test_every_point_is_the_accuracy_at_its_epsilon(drawn):
    groups, human, metric = (np.array(column) for column in zip(*drawn, strict=True))
    pairs = make_pairs(groups, 1000)
    if not len(pairs):
        return
    ordered = order_pairs(pairs, human_signs(pairs, human.astype(float)), metric.astype(float))
    for epsilon, tied, right in zip(*thresholds(pairs, ordered), strict=True):
        assert right == pytest.approx(accuracy(pairs, ordered.right(epsilon)), abs=1e-12)
        assert tied == pytest.approx((ordered.gap <= epsilon).mean(), abs=1e-12)


def noisy(items=200):
    draw = np.random.default_rng(0)
    sheet = Sheet()
    for item in range(items):
        for system in "abcd":
            rating = float(draw.integers(1, 4))
            sheet.answer(f"item{item:03d}", system, rating, m=rating + draw.normal())
    return sheet


def test_the_chosen_point_is_the_calibrated_accuracy_and_the_right_end_that_of_tying_all():
    frame = frame_of(noisy())
    (plot,) = curves(frame, Ground(frame))
    (line,) = plot.series
    calibrated = only(frame.done.rows, metric="m", statistic="accuracy", grouping="item")
    raw = only(frame.done.rows, metric="m", statistic="accuracy_raw", grouping="item")
    ties = only(frame.done.rows, statistic="tie_floor", grouping="item")
    assert line.y[line.chosen] == pytest.approx(calibrated.value, abs=1e-5)
    assert line.y[0] == pytest.approx(raw.value, abs=1e-5)
    assert (line.x[-1], line.y[-1]) == (1.0, pytest.approx(ties.value, abs=1e-5))
    assert max(line.y) == line.y[line.chosen]
    assert len(line.x) == len(line.y) <= 201
    assert list(line.x) == sorted(line.x)


def test_constructed_pairs_have_no_curve():
    sheet = Sheet(constructed=True)
    for item in "xyz":
        a, b = (sheet.answer(item, system, m=1.0) for system in "ab")
        sheet.prefer(a, b, "a")
    sheet.judgments.clear()
    frame = frame_of(sheet)
    assert curves(frame, Ground(frame)) == []
