"""Compiled loops (numba) that make a small RGB picture of the planes of a large frame, by the mean over the area of each pixel.

They cut no arrays into parts, which would count references, and all places are unsigned, so none can be negative.
"""

import numpy as np

from harness.compiling import compiled

# numba infers the types; shapes are in the docstrings
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


@compiled()
def shrink(luma, blue, red, strides, luma_rows, luma_columns, colour_rows, colour_columns, lines, sums, values, matrix, out):  # type: ignore[no-untyped-def]
    """Fills `out`, uint8 (h, w * 3), from three planes of bytes in a row, whose lines begin `strides` (3,) apart.

    `*_rows` int64 (h, 5): of each line of `out`, the first and the last line of the plane that lie in its area, and what counts
    of the first, of each between and of the last. `*_columns` int64 (5, w + 1): of each edge between pixels of `out`, the pair of
    columns in which it lies, how much of both columns of the pair lies before it, how much a whole one counts, and how many
    columns there are. `matrix` float64 (10,): of each plane what a sum is multiplied with and what is added, then red by red,
    green by blue and by red, blue by blue. Room: `lines` (3, W) of a type that holds the sum of a column, W even and 0 behind a
    plane's last column, `sums` int64 (3, W / 2), `values` float64 (3, w).
    """
    for y in range(np.uint64(out.shape[0])):
        _add_lines(luma, strides[0], luma_rows, y, lines, np.uint64(0), luma_columns[4, 0])
        _add_lines(blue, strides[1], colour_rows, y, lines, np.uint64(1), colour_columns[4, 0])
        _add_lines(red, strides[2], colour_rows, y, lines, np.uint64(2), colour_columns[4, 0])
        _cut(lines, np.uint64(0), sums, luma_columns, values)
        _cut(lines, np.uint64(1), sums, colour_columns, values)
        _cut(lines, np.uint64(2), sums, colour_columns, values)
        _colour(values, matrix, out, y)


@compiled()
def _add_lines(data, stride, rows, y, lines, plane, columns):  # type: ignore[no-untyped-def]
    """Fills a line of `lines`: the weighted sum of the lines of a plane that `rows` say, four at a time."""
    number = lines.dtype.type
    step = np.uint64(stride)
    width = np.uint64(columns)
    first, last = np.uint64(rows[y, 0]) * step, np.uint64(rows[y, 1]) * step
    head, full, tail = number(rows[y, 2]), number(rows[y, 3]), number(rows[y, 4])
    between = rows[y, 1] - rows[y, 0] - 1
    odd = between & 3
    a = first + step
    b, c = a + step, a + step + step
    if between <= 0 or odd == 0:
        for x in range(width):
            lines[plane, x] = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
    elif odd == 1:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            lines[plane, x] = number(outer + number(number(data[a + x]) * full))
    elif odd == 2:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            inner = number(number(data[a + x]) + number(data[b + x]))
            lines[plane, x] = number(outer + number(inner * full))
    else:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            inner = number(number(data[a + x]) + number(data[b + x]) + number(data[c + x]))
            lines[plane, x] = number(outer + number(inner * full))
    a += np.uint64(max(odd, 0)) * step
    for _ in range(between // 4):
        b, c = a + step, a + step + step
        d = c + step
        for x in range(width):
            inner = number(number(data[a + x]) + number(data[b + x]) + number(data[c + x]) + number(data[d + x]))
            lines[plane, x] = number(lines[plane, x] + number(inner * full))
        a = d + step


@compiled()
def _cut(lines, plane, sums, columns, values):  # type: ignore[no-untyped-def]
    """Fills a line of `values`: the sums of a line of `lines` between one edge and the next, by the sums before each pair."""
    one, two = np.uint64(1), np.uint64(2)
    total = np.int64(0)
    for x in range((np.uint64(columns[4, 0]) + one) // two):
        sums[plane, x] = total
        total += np.int64(lines[plane, two * x]) + np.int64(lines[plane, two * x + one])
    whole = columns[3, 0]
    pair = np.uint64(columns[0, 0])
    left = (
        sums[plane, pair] * whole
        + np.int64(lines[plane, two * pair]) * columns[1, 0]
        + np.int64(lines[plane, two * pair + one]) * columns[2, 0]
    )
    for x in range(np.uint64(values.shape[1])):
        pair = np.uint64(columns[0, x + one])
        right = (
            sums[plane, pair] * whole
            + np.int64(lines[plane, two * pair]) * columns[1, x + one]
            + np.int64(lines[plane, two * pair + one]) * columns[2, x + one]
        )
        values[plane, x] = right - left
        left = right


@compiled()
def _colour(values, matrix, out, y):  # type: ignore[no-untyped-def]
    """Fills a line of `out` from sums of brightness, blue and red."""
    grey, less, blueness, no_blue, redness, no_red = matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]
    red_by_red, green_by_blue, green_by_red, blue_by_blue = matrix[6], matrix[7], matrix[8], matrix[9]
    for x in range(np.uint64(values.shape[1])):
        brightness = values[0, x] * grey + less
        b = values[1, x] * blueness + no_blue
        r = values[2, x] * redness + no_red
        place = np.uint64(3) * x
        out[y, place] = _byte(brightness + red_by_red * r)
        out[y, place + np.uint64(1)] = _byte(brightness - green_by_blue * b - green_by_red * r)
        out[y, place + np.uint64(2)] = _byte(brightness + blue_by_blue * b)


@compiled()
def _byte(value):  # type: ignore[no-untyped-def]
    """A number cut off to whole ones, and to 0 to 255."""
    whole = np.int32(value)
    whole = whole if whole > np.int32(0) else np.int32(0)
    return np.uint8(whole if whole < np.int32(255) else np.int32(255))
