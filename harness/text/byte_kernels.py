"""Compiled loops (numba) over texts whose folded symbols are bytes: words as 64-bit numbers, and their common subsequences.

Eight bytes are handled at a time, and no branch depends on where words end: processors guess such branches wrong, at every word.
"""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled

MOST_ROWS = 512
SLOTS = 1024


@compiled()
def fold_points(points, table, codes, marks):
    """Folds S code points, a multiple of 64, into bytes table[point], of which 0 ends words; eight stand in one number.

    Fills codes, (S / 8 + 2,), the first byte lowest, and marks, (S / 64,), a bit for each byte: whether it stands in a word.
    Returns whether any byte is 1.
    """
    ones, high, gather = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080), np.uint64(0x0102040810204080)
    low7, unknown = ~high, np.uint64(0)
    for part in range(8 * len(marks)):
        eight = np.uint64(0)
        for place in range(8):  # a number without a sign: nobody asks whether the index is negative
            eight |= np.uint64(table[np.uint32(points[np.uint64(8 * part + place)])]) << np.uint64(8 * place)
        codes[part] = eight
    for block in range(len(marks)):
        mark = np.uint64(0)
        for part in range(8):
            eight = codes[np.uint64(8 * block + part)]
            unknown |= ((eight ^ ones) - ones) & ~(eight ^ ones) & high
            letters = (((eight & low7) + low7) | eight) & high
            mark |= (((letters >> np.uint64(7)) * gather) >> np.uint64(56)) << np.uint64(8 * part)
        marks[block] = mark
    return unknown != 0


@compiled()
def key_words(codes, marks, starts, factor, bounds, keys, word_starts):
    """Where words begin and end, and two numbers for each.

    codes, marks: from `fold_points`; starts: (N + 1,), where texts begin, each behind a separator. Fills bounds, (2 W,), keys,
    (W, 2), and word_starts, (N + 1,). Up to 15 bytes are their own keys; of longer words the second is a hash with the highest
    byte 255, which a shorter word does not have.
    """
    one, all_ones = np.uint64(1), ~np.uint64(0)
    before, found, text = np.uint64(0), 0, 0
    for block in range(len(marks)):
        mark = marks[block]
        edges = mark ^ ((mark << one) | before)
        before = mark >> np.uint64(63)
        while text < len(starts) and starts[text] < 64 * (block + 1):
            word_starts[text] = (found + _ones(edges & ((one << np.uint64(starts[text] & 63)) - one))) >> 1
            text += 1
        while edges != 0:
            bounds[found] = 64 * block + _ones((edges & (~edges + one)) - one)
            found += 1
            edges &= edges - one
    eight, seven, fifteen, top, zero = np.uint64(8), np.uint64(7), np.uint64(15), np.uint64(64), np.uint64(0)
    for word in range(found >> 1):  # all numbers without a sign: no index has to be looked at whether it is negative
        place, length = np.uint64(bounds[2 * word]), np.uint64(bounds[2 * word + 1] - bounds[2 * word])
        keys[word, 0] = _eight(codes, place) & (all_ones >> (top - eight * min(length, eight)))
        rest = min(max(length, eight) - eight, seven)
        keys[word, 1] = _eight(codes, place + eight) & ((one << (eight * rest)) - one)
        if length > fifteen:
            state = length * factor
            while length > zero:
                some = min(length, eight)
                state = (state ^ (_eight(codes, place) & (all_ones >> (top - eight * some)))) * factor
                state ^= state >> np.uint64(32)
                place, length = place + eight, length - some
            keys[word, 1] = state | (all_ones << np.uint64(56))


@compiled()
def common_words(codes, bounds, keys, word_starts, left, right, factors, lows, highs, holders, masks, lines, column, lengths):
    """Lengths of the longest common subsequences of P pairs of texts; -1 where the right one has more than MOST_ROWS words.

    The words of the right text are the rows of the table t[i][j], a bit each: 0 where t[i][j] = t[i-1][j] + 1 (Crochemore,
    Iliopoulos, Pinzon & Reid 2001; Hyyrö 2004). A small table of slots says which rows hold a word. lows, highs, holders:
    (SLOTS,), the key of a word, the first 0 where the slot is free, and the word; masks: (8 * SLOTS,), the rows of the word in a
    slot, and zeros behind free slots, so that a word without rows changes nothing; lines: room for the words of the longest text;
    column: (8,). factors: two odd numbers, secret, so that no texts are made to crowd into one slot. Fills lengths: (P,).
    """
    one, zero, long = np.uint64(1), np.uint64(0), np.uint64(255) << np.uint64(56)
    last, rows, blocks, shift, around = -1, 0, 1, zero, zero
    for pair in range(len(left)):
        fresh = right[pair] != last
        if fresh:
            last = right[pair]
            rows = word_starts[last + 1] - word_starts[last]
            blocks, size, shift = max((rows + 63) >> 6, 1), 128, np.uint64(57)
            while size < 2 * min(rows, MOST_ROWS):
                size, shift = 2 * size, shift - one
            around = np.uint64(size - 1)
        if rows > MOST_ROWS:
            lengths[pair] = -1
            continue
        if fresh:
            for place in range(size):
                lows[place] = zero
            for place in range(size * blocks):
                masks[place] = zero
        for side in range(0 if fresh else 1, 2):
            text = last if side == 0 else left[pair]
            begin = word_starts[text]
            for row in range(word_starts[text + 1] - begin):
                word = begin + row
                low, high = keys[word, 0], keys[word, 1]
                slot = (low * factors[0] + high * factors[1]) >> shift
                # a free slot and the word's own need the same: one branch for both can be foreseen
                while True:
                    ends = (lows[slot] == zero) | ((lows[slot] == low) & (highs[slot] == high))
                    if ends and (high < long or lows[slot] == zero or _same(codes, bounds, word, holders[slot])):
                        break
                    slot = (slot + one) & around
                line = np.int64(slot) * blocks
                lines[row] = line
                if side == 0:
                    lows[slot], highs[slot], holders[slot] = low, high, word
                    masks[line + (row >> 6)] |= one << np.uint64(row & 63)
        words = word_starts[left[pair] + 1] - word_starts[left[pair]]
        length = 0
        if blocks == 1:
            rest = ~zero
            for line in lines[:words]:
                hits = rest & masks[line]
                rest = (rest + hits) | (rest ^ hits)
            length = _ones(~rest)
        else:
            column[:blocks] = ~zero
            for line in lines[:words]:
                carry = zero
                for block in range(blocks):
                    rest = column[block]
                    hits = rest & masks[line + block]
                    added = rest + hits
                    above = added + carry
                    carry = np.uint64((added < rest) | (above < added))
                    column[block] = above | (rest ^ hits)
            for block in range(blocks):
                length += _ones(~column[block])
        lengths[pair] = length


@compiled()
def _same(codes, bounds, one, other):
    """Whether two words are equal, byte by byte."""
    eight, place, other_place = np.uint64(8), np.uint64(bounds[2 * one]), np.uint64(bounds[2 * other])
    length = np.uint64(bounds[2 * one + 1]) - place
    same = np.uint64(bounds[2 * other + 1]) - other_place == length
    while same and length > np.uint64(0):
        some = min(length, eight)
        same = (_eight(codes, place) ^ _eight(codes, other_place)) << (np.uint64(64) - eight * some) == 0
        place, other_place, length = place + eight, other_place + eight, length - some
    return same


@compiled()
def _eight(codes, place):
    """Eight bytes from a place on."""
    part, shift = place >> np.uint64(3), (place & np.uint64(7)) << np.uint64(3)
    return (codes[part] >> shift) | ((codes[part + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift))


@compiled()
def _ones(bits):
    """How many bits are set; compilers know the formula and make one instruction of it."""
    bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))
