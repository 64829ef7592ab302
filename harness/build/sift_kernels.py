"""Compiled loops (numba) over the code points of many texts: what they consist of, their folded text, their words and n-grams."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled

BOUNDARY = 1  # stands in the folded stream behind each text; no letter has this number


@compiled()
def mix(value):
    """A number of 64 bits in which every bit of the given one tells (the finisher of SplitMix64; Steele, Lea & Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled()
def hard_texts(points, starts, hard, found):
    """Which of T texts hold a code point that is hard (of a table of booleans; what lies beyond it counts as the last one): fills
    found, (T,), and returns whether any does."""
    last, some = np.uint32(len(hard) - 1), False
    for text in range(len(starts) - 1):
        has = False
        for place in range(starts[text], starts[text + 1]):
            has |= hard[min(np.uint32(points[place]), last)]
        found[text] = has
        some |= has
    return some


@compiled()
def fold_texts(points, starts, folds, classes, folded, folded_starts, words, word_starts, hashes, tallies):
    """Folds T texts and says what they consist of.

    points: code points; text t is points[starts[t] : starts[t + 1]]. folds: by code point the letter or digit that it counts as,
    or 0; classes: by code point its classes, a byte each. Fills folded with the letters and digits of each text (of a text
    without any, with its characters but for blanks: 👍 and 👎 are not one answer) and a BOUNDARY,
    folded_starts and word_starts, (T + 1,), words with the hash of each word (a run of letters and digits), hashes, (T, 2), 128
    bits of the folded text, and tallies, (T, 8): how many characters are of the class of each bit.
    """
    filled, count = 0, 0
    for text in range(len(starts) - 1):
        folded_starts[text], word_starts[text] = filled, count
        one, other = np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344)
        word, length, packed = np.uint64(0), 0, np.uint64(0)
        for place in range(starts[text], starts[text + 1]):
            point = np.uint32(points[place])
            # eight counters of eight bits side by side; emptied before any can overflow
            packed += np.uint64(classes[point])
            if (place - starts[text]) & 127 == 127:
                for bit in range(8):
                    tallies[text, bit] += np.int64((packed >> np.uint64(8 * bit)) & np.uint64(255))
                packed = np.uint64(0)
            symbol = folds[point]
            if symbol != 0:
                folded[filled] = symbol
                filled += 1
                one = (one ^ np.uint64(symbol)) * np.uint64(0x9E3779B97F4A7C15)
                one ^= one >> np.uint64(29)
                other = (other + np.uint64(symbol)) * np.uint64(0xD1342543DE82EF95)
                other ^= other >> np.uint64(32)
                word = (word ^ np.uint64(symbol)) * np.uint64(0xD6E8FEB86659FD93)
                word ^= word >> np.uint64(32)
                length += 1
            elif length > 0:
                words[count] = mix(word)
                count += 1
                word, length = np.uint64(0), 0
        if length > 0:
            words[count] = mix(word)
            count += 1
        for bit in range(8):
            tallies[text, bit] += np.int64((packed >> np.uint64(8 * bit)) & np.uint64(255))
        if filled == folded_starts[text]:
            for place in range(starts[text], starts[text + 1]):
                point = np.uint32(points[place])
                if classes[point] >> np.uint64(40) != 0:
                    folded[filled] = np.uint16(point ^ (point >> np.uint32(16)))
                    filled += 1
                    one = (one ^ np.uint64(point)) * np.uint64(0x9E3779B97F4A7C15)
                    one ^= one >> np.uint64(29)
                    other = (other + np.uint64(point)) * np.uint64(0xD1342543DE82EF95)
                    other ^= other >> np.uint64(32)
        folded[filled] = BOUNDARY
        filled += 1
        hashes[text, 0], hashes[text, 1] = mix(one), mix(other)
    folded_starts[len(starts) - 1], word_starts[len(starts) - 1] = filled, count


@compiled()
def gram_hashes(words, word_starts, length, grams, gram_starts):
    """The hash of each word n-gram of T texts: fills grams, (G,), and gram_starts, (T + 1,)."""
    factor, top = np.uint64(0x9E3779B97F4A7C15), np.uint64(1)
    for _ in range(length):
        top *= factor
    filled = 0
    for text in range(len(word_starts) - 1):
        gram_starts[text] = filled
        begin, state = word_starts[text], np.uint64(0)
        for place in range(begin, word_starts[text + 1]):
            state = state * factor + words[place]
            if place - begin >= length:
                state -= words[place - length] * top
            if place - begin >= length - 1:
                grams[filled] = mix(state)
                filled += 1
    gram_starts[len(word_starts) - 1] = filled


@compiled()
def distinct_numbers(numbers, starts, slots, marks, stamp, found):
    """How many different numbers N stretches hold. slots, marks: a power of two, at least twice the longest stretch; a slot is
    taken where its mark is that of the stretch, so nothing is emptied in between. Fills found: (N,); returns the next stamp."""
    around = np.uint64(len(slots) - 1)
    for one in range(len(starts) - 1):
        stamp += 1
        distinct = 0
        for place in range(starts[one], starts[one + 1]):
            number = numbers[place]
            slot = number & around
            while marks[slot] == stamp and slots[slot] != number:
                slot = (slot + np.uint64(1)) & around
            if marks[slot] != stamp:
                marks[slot], slots[slot] = stamp, number
                distinct += 1
        found[one] = distinct
    return stamp


@compiled()
def known_numbers(numbers, bits, keys, places):
    """Which of the numbers are among the keys: fills places with their index, or -1.

    keys: sorted, K of them; bits: a bitmap of a power of two bits, in which the low bits of each key are marked, so that a number
    that is not there is mostly told without a search.
    """
    around = np.uint64(64 * len(bits) - 1)
    for place in range(len(numbers)):
        number = numbers[place]
        low = number & around
        places[place] = -1
        if (bits[low >> np.uint64(6)] >> (low & np.uint64(63))) & np.uint64(1):
            first, last = 0, len(keys)
            while first < last:
                middle = (first + last) >> 1
                if keys[middle] < number:
                    first = middle + 1
                else:
                    last = middle
            if first < len(keys) and keys[first] == number:
                places[place] = first


@compiled()
def row_keys(hashes, first, prompts, keys):
    """One number for the folded texts of each row, out of the hashes of its texts: row r has the texts first[r] to first[r + 1].

    prompts: whether each text counts. Fills keys, (N,); 0 where none counts.
    """
    for row in range(len(first) - 1):
        state = np.uint64(0)
        for text in range(first[row], first[row + 1]):
            if prompts[text]:
                state = mix(state ^ hashes[text, 0]) + hashes[text, 1] + np.uint64(1)
        keys[row] = state
