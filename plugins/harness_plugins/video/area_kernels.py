"""Compiled loops (numba) that make a small RGB picture of the planes of a large frame, by the mean over the area of each pixel.

They cut no arrays into parts, which would count references, and all places are unsigned, so none can be negative.
"""

import numpy as np

from harness.compiling import compiled

# numba infers the types; shapes are in the docstrings
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


@compiled()
def shrink(
    luma, blue, red, strides, luma_rows, luma_columns, colour_rows, colour_columns, lines, room, parts, lanes, matrix, out
):
    """Fills `out`, uint8 (h, w * 3), from three planes of bytes in a row, whose lines begin `strides` (3,) apart.

    `*_rows` int64 (h, 5): of each line of `out`, the first and the last line of the plane that lie in its area, and what counts
    of the first, of each between and of the last. `*_columns` int64 (5, w + 1): of each edge between pixels of `out`, the pair of
    columns in which it lies, how much of both columns of the pair lies before it, how much a whole one counts, and how many
    columns there are. `lanes`: so many lines of `out` are summed at a time, each in its 64 / `lanes` bits of whole numbers, which
    hold what a pixel sums to. `matrix` float64 (10,): of each plane what a sum is multiplied with and what is added, then red by
    red, green by blue and by red, blue by blue. Room: `lines` (W,) of a type that holds the sum of a column, W even; `room`
    uint64 (2, W), `parts` uint64 (3, w).
    """
    one = np.uint64(1)
    lanes = np.uint64(lanes)
    bits = np.uint64(64) // lanes
    height = np.uint64(out.shape[0])
    y = np.uint64(0)
    while y < height:
        some = min(lanes, height - y)
        _sum(luma, strides[0], luma_rows, luma_columns, y, some, bits, lines, room, parts, np.uint64(0))
        _sum(blue, strides[1], colour_rows, colour_columns, y, some, bits, lines, room, parts, one)
        _sum(red, strides[2], colour_rows, colour_columns, y, some, bits, lines, room, parts, one + one)
        for lane in range(some):
            _colour(parts, lane * bits, bits, matrix, out, y + lane)
        y += some


@compiled()
def _sum(data, stride, rows, columns, y, some, bits, lines, room, parts, plane):  # type: ignore[no-untyped-def]
    """Fills a line of `parts` from a plane: lines `y` to `y + some` of the picture, side by side in whole numbers."""
    width = np.uint64(columns[4, 0])
    _add_lines(data, stride, rows, y, lines, width)
    for x in range(width):
        room[0, x] = np.uint64(lines[x])
    room[0, width] = np.uint64(0)  # where the number of columns is odd; else it is of the next pair, and counts nothing
    for lane in range(np.uint64(1), some):
        _add_lines(data, stride, rows, y + lane, lines, width)
        shift = lane * bits
        for x in range(width):
            room[0, x] |= np.uint64(lines[x]) << shift
    _cut(room, columns, parts, plane)


@compiled()
def _add_lines(data, stride, rows, y, lines, width):  # type: ignore[no-untyped-def]
    """Fills `lines`: the weighted sum of the lines of a plane that `rows` say, four at a time."""
    number = lines.dtype.type
    step = np.uint64(stride)
    first, last = np.uint64(rows[y, 0]) * step, np.uint64(rows[y, 1]) * step
    head, full, tail = number(rows[y, 2]), number(rows[y, 3]), number(rows[y, 4])
    between = rows[y, 1] - rows[y, 0] - 1
    odd = between & 3
    a = first + step
    b, c = a + step, a + step + step
    if between <= 0 or odd == 0:
        for x in range(width):
            lines[x] = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
    elif odd == 1:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            lines[x] = number(outer + number(number(data[a + x]) * full))
    elif odd == 2:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            inner = number(number(data[a + x]) + number(data[b + x]))
            lines[x] = number(outer + number(inner * full))
    else:
        for x in range(width):
            outer = number(number(number(data[first + x]) * head) + number(number(data[last + x]) * tail))
            inner = number(number(data[a + x]) + number(data[b + x]) + number(data[c + x]))
            lines[x] = number(outer + number(inner * full))
    a += np.uint64(max(odd, 0)) * step
    for _ in range(between // 4):
        b, c = a + step, a + step + step
        d = c + step
        for x in range(width):
            inner = number(number(data[a + x]) + number(data[b + x]) + number(data[c + x]) + number(data[d + x]))
            lines[x] = number(lines[x] + number(inner * full))
        a = d + step


@compiled()
def _cut(room, columns, parts, plane):  # type: ignore[no-untyped-def]
    """Fills a line of `parts`: the sums of the numbers of `room` between one edge and the next, by the sums before each pair.

    Sums from the left may overflow, and one lane into the next; their differences are right, as all is reckoned modulo 2^64."""
    one, two = np.uint64(1), np.uint64(2)
    total = np.uint64(0)
    for x in range((np.uint64(columns[4, 0]) + one) // two):
        room[1, x] = total
        total += room[0, two * x] + room[0, two * x + one]
    whole = np.uint64(columns[3, 0])
    left = np.uint64(0)
    for x in range(np.uint64(columns.shape[1])):
        pair = np.uint64(columns[0, x])
        right = (
            room[1, pair] * whole
            + room[0, two * pair] * np.uint64(columns[1, x])
            + room[0, two * pair + one] * np.uint64(columns[2, x])
        )
        if x > np.uint64(0):
            parts[plane, x - one] = right - left
        left = right


@compiled()
def _colour(parts, shift, bits, matrix, out, y):  # type: ignore[no-untyped-def]
    """Fills a line of `out` from the sums of brightness, blue and red that lie `bits` wide from the bit `shift` on."""
    grey, less, blueness, no_blue, redness, no_red = matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]
    red_by_red, green_by_blue, green_by_red, blue_by_blue = matrix[6], matrix[7], matrix[8], matrix[9]
    up = np.uint64(64) - bits - shift
    down = np.uint64(64) - bits
    for x in range(np.uint64(parts.shape[1])):
        brightness = np.int64((parts[0, x] << up) >> down) * grey + less
        b = np.int64((parts[1, x] << up) >> down) * blueness + no_blue
        r = np.int64((parts[2, x] << up) >> down) * redness + no_red
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
