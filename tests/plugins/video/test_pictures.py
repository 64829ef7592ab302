"""A display matrix turns and mirrors pictures as its arithmetic says."""

import numpy as np
import pytest
from harness_plugins.video.pictures import Orientation

ONE = 1 << 16
MATRICES = [(turned, across, down) for turned in (False, True) for across in (1, -1) for down in (1, -1)]


def matrix(turned, across, down):
    """(x, y) is shown at (across · x, down · y), or with the two exchanged at (across · y, down · x)."""
    a, b, c, d = (0, down, across, 0) if turned else (across, 0, 0, down)
    return (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(("turned", "across", "down"), MATRICES)
def test_each_pixel_lies_where_the_matrix_puts_it(turned, across, down):
    stored = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    orientation = Orientation(matrix(turned, across, down))
    shown = orientation.apply(stored)
    assert shown.shape[:2] == orientation.size(2, 3) == ((3, 2) if turned else (2, 3))
    assert orientation.size(*orientation.size(2, 3)) == (2, 3)
    assert shown.flags.c_contiguous
    for y in range(2):
        for x in range(3):
            column, row = (across * y, down * x) if turned else (across * x, down * y)
            # Negative places count from the other edge, where the matrix's last row moves the picture back into view
            assert (shown[row if down > 0 else row - 1, column if across > 0 else column - 1] == stored[y, x]).all()


def test_angles_clockwise():
    assert Orientation().rotation == 0
    assert Orientation(matrix(False, -1, -1)).rotation == 180
    assert Orientation(matrix(True, -1, 1)).rotation == 90  # what was on top is on the right
    assert Orientation(matrix(True, 1, -1)).rotation == 270


def test_an_angle_between_quarters_is_taken_to_the_nearest():
    cosine, sine = round(0.94 * ONE), round(0.34 * ONE)  # 20 degrees
    slanted = Orientation((cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30))
    assert (slanted.turned, slanted.rotation) == (False, 0)
