"""Compiled loop (numba) that takes the cosine transform of patches, down their columns first and then across.

All additions are in a fixed order, so that features depend on neither the batch nor the processor.
"""

import numpy as np

from harness.compiling import compiled

# numba infers the types; shapes are in the docstrings
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


@compiled()
def transform(frames, waves, downs, plan, scales, size, lines, sums, out):  # type: ignore[no-untyped-def]
    """Fills `out`, float32 (N, P, D), from `frames`, uint8 (N, H, W * 3).

    `waves` float64 (K, size): of each wave its height at each place; `downs` (3,): how many waves down brightness and the two
    colours have; `plan` (D, 3): of each feature which of these, which wave down and which across; `scales` float64 (3,). Room:
    `lines` float64 (3, W), `sums` float64 (3, K, W).
    """
    one, three = np.uint64(1), np.uint64(3)
    width, side = np.uint64(lines.shape[1]), np.uint64(size)
    columns = width // side
    for n in range(np.uint64(frames.shape[0])):
        for band in range(np.uint64(frames.shape[1]) // side):
            sums[:] = 0.0
            for y in range(side):
                row = band * side + y
                for x in range(width):
                    red = np.int32(frames[n, row, three * x])
                    green = np.int32(frames[n, row, three * x + one])
                    blue = np.int32(frames[n, row, three * x + one + one])
                    lines[0, x] = np.int32(red + green + blue - 384)
                    lines[1, x] = np.int32(red - green)
                    lines[2, x] = np.int32(red + green - 2 * blue)
                for kind in range(three):
                    for wave in range(np.uint64(downs[kind])):
                        height = waves[wave, y]
                        for x in range(width):
                            sums[kind, wave, x] += height * lines[kind, x]
            for column in range(columns):
                start = column * side
                for j in range(np.uint64(plan.shape[0])):
                    kind, down, across = np.uint64(plan[j, 0]), np.uint64(plan[j, 1]), np.uint64(plan[j, 2])
                    total = 0.0
                    for x in range(side):
                        total += waves[across, x] * sums[kind, down, start + x]
                    out[n, band * columns + column, j] = total * scales[kind]
