"""Compiled loops (numba) over the symbols of many texts."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.compiling import compiled


@compiled()
def cut_words(points, starts, table, seed, factor, symbols, ends, keys, word_starts, hard):
    """Cuts N texts into words and gives each a key.

    points: numbers that become the symbol table[point]: above 0 it stands in a word, 0 ends one, and below 0 the text is hard: it
    has no words here, and hard, (N,), is set. Text n is points[starts[n] : starts[n + 1]]. Fills symbols, (S,), with those of all
    words, ends, (W + 1,), with where in these each word ends, keys, (W + 1,), and word_starts, (N + 1,).

    Up to seven symbols below 512 are their own key, the top bit set; other words have a hash, which `number_words` verifies.
    """
    top = np.uint64(1) << np.uint64(63)
    words, filled = 0, 0
    for text in range(len(starts) - 1):
        word_starts[text] = words
        first, begin, widest, lowest = filled, filled, np.int32(0), np.int32(0)
        state, code = seed, np.uint64(0)
        for point in points[starts[text] : starts[text + 1]]:
            symbol = table[np.uint32(point)]
            lowest |= symbol  # keeps a sign
            if symbol > 0:
                symbols[filled] = symbol
                filled += 1
                state = (state ^ np.uint64(symbol)) * factor
                code = (code << np.uint64(9)) | np.uint64(symbol)
                widest |= symbol
            else:
                ends[words] = filled
                keys[words] = _key(filled - begin, widest, code | top, state & ~top)
                words += filled > begin  # without a branch, which would be mispredicted at every comma
                begin, widest = filled, np.int32(0)
                state, code = seed, np.uint64(0)
        ends[words] = filled
        keys[words] = _key(filled - begin, widest, code | top, state & ~top)
        words += filled > begin
        if lowest < 0:
            hard[text] = True
            words, filled = word_starts[text], first
    word_starts[len(starts) - 1] = words


@compiled()
def _key(length, widest, code, state):
    """The key of a word, never 0."""
    return code if length <= 7 and widest < 512 else (state ^ (state >> np.uint64(32))) | np.uint64(1)


@compiled()
def number_words(symbols, ends, keys, factor, ids, spans, slot_keys, slot_ids):
    """Numbers W words: equal words, and only those, have equal ids, in the order of first sight.

    symbols, ends, keys: from `cut_words`. slot_keys, slot_ids: a power of two, the former zeros. Fills ids, (W,), and spans,
    (V, 2), with where in the symbols each distinct word stands first. Returns V, or -1 where that is more than half the slots.

    A hash only finds candidates: such words are compared symbol by symbol, so the ids are exact. The factors (odd) are secret, so
    that nobody makes texts whose words all meet in one slot; no result depends on them.
    """
    mask, known, begin = len(slot_keys) - 1, 0, 0
    for word in range(len(ends)):
        key, end = keys[word], ends[word]
        mixed = key * factor
        slot = np.int64(mixed >> np.uint64(32)) & mask
        while slot_keys[slot] != 0:
            if slot_keys[slot] == key:
                if np.int64(key) < 0:
                    break
                first = spans[slot_ids[slot], 0]
                length = spans[slot_ids[slot], 1] - first
                offset = 0
                while offset < length and offset < end - begin and symbols[first + offset] == symbols[begin + offset]:
                    offset += 1
                if offset == length and offset == end - begin:
                    break
            slot = (slot + 1) & mask
        if slot_keys[slot] == 0:
            if 2 * known > mask:
                return -1
            slot_keys[slot], slot_ids[slot] = key, known
            spans[known, 0], spans[known, 1] = begin, end
            known += 1
        ids[word] = slot_ids[slot]
        begin = end
    return known


@compiled()
def lcs_lengths(ids, starts, left, right, matches, rows, lengths):
    """Lengths of the longest common subsequences of P pairs of texts, or -1 where more than 64 words of the shorter one matter.

    A column of the table t[i][j] never falls and never grows by more than one from row to row, so one bit a row holds it: 0
    where t[i][j] = t[i-1][j] + 1 (Crochemore, Iliopoulos, Pinzon & Reid 2001; Hyyrö 2004). ids, starts: texts as words 0..V-1;
    left, right: (P,) texts; matches: (V,) zeros of uint64, which are left as they are found; rows: room for the longest text.
    Fills lengths: (P,).
    """
    one, zero = np.uint64(1), np.uint64(0)
    for pair in range(len(left)):
        length, count, b, b_end = _rows(ids, starts, left[pair], right[pair], matches, rows)
        if count > 64:
            lengths[pair] = -1
            continue
        for row in range(count):
            matches[rows[row]] |= one << np.uint64(row)
        column = ~zero
        for place in range(b, b_end):
            hits = column & matches[ids[place]]
            column = (column + hits) | (column ^ hits)
        for row in range(count):
            matches[rows[row]] = zero
            length += np.int64(((column >> np.uint64(row)) & one) == zero)
        lengths[pair] = length


@compiled()
def long_lcs_lengths(ids, starts, left, right, matches, rows, spare, order, marks, column, lengths):
    """As `lcs_lengths` for any length, in blocks of 64 rows: memory grows with the rows, time with rows times words / 64.

    A word's rows are marked in line 0 of the marks when the word is met, and taken out again; a word with more rows than there
    are blocks has a line of its own, and of those there are at most 64. spare[w], (V, 3), zeros: how many rows word w has; where
    they begin in `order`, plus 1; its own line, or 0. order: as rows; column: one for each 64 rows; marks: 65 times that, zeros.
    """
    one, zero = np.uint64(1), np.uint64(0)
    for pair in range(len(left)):
        length, count, b, b_end = _rows(ids, starts, left[pair], right[pair], matches, rows)
        blocks = (count + 63) >> 6
        for row in range(count):
            spare[rows[row], 0] += 1
        total, own = 0, 0
        for row in range(count):
            word = rows[row]
            if spare[word, 1] == 0:
                spare[word, 1] = total + 1
                total += spare[word, 0]
                if spare[word, 0] > blocks:
                    own += 1
                    spare[word, 2] = own
                spare[word, 0] = 0
        for row in range(count):
            word = rows[row]
            if spare[word, 2] > 0:
                marks[spare[word, 2] * blocks + (row >> 6)] |= one << np.uint64(row & 63)
            order[spare[word, 1] - 1 + spare[word, 0]] = row
            spare[word, 0] += 1
        for block in range(blocks):
            column[block] = ~zero
        for place in range(b, b_end):
            word = ids[place]
            first, times, line = spare[word, 1] - 1, spare[word, 0], spare[word, 2] * blocks
            if times == 0:
                continue
            if line == 0:
                for spot in range(first, first + times):
                    marks[order[spot] >> 6] |= one << np.uint64(order[spot] & 63)
            carry = zero
            for block in range(blocks):
                before = column[block]
                hits = before & marks[line + block]
                added = before + hits
                above = added + carry
                carry = np.uint64((added < before) | (above < added))
                column[block] = above | (before ^ hits)
            if line == 0:
                for spot in range(first, first + times):
                    marks[order[spot] >> 6] = zero
        for row in range(count):
            length += np.int64(((column[row >> 6] >> np.uint64(row & 63)) & one) == zero)
            spare[rows[row], 0] = spare[rows[row], 1] = spare[rows[row], 2] = 0
        for place in range((own + 1) * blocks):
            marks[place] = zero
        lengths[pair] = length


@compiled()
def _rows(ids, starts, left, right, matches, rows):
    """What is left to compare: how many words both texts begin and end with, how many rows, and the span of the other side.

    The rows are the shorter side; where that has more than 64 words, those that match nothing are left out.
    """
    a, a_end = starts[left], starts[left + 1]
    b, b_end = starts[right], starts[right + 1]
    same = 0
    while a < a_end and b < b_end and ids[a] == ids[b]:
        a += 1
        b += 1
        same += 1
    while a < a_end and b < b_end and ids[a_end - 1] == ids[b_end - 1]:
        a_end -= 1
        b_end -= 1
        same += 1
    if a_end - a > b_end - b:
        a, a_end, b, b_end = b, b_end, a, a_end
    long = a_end - a > 64
    if long:
        for place in range(b, b_end):
            matches[ids[place]] = np.uint64(1)
    count = 0
    for place in range(a, a_end):
        if not long or matches[ids[place]] != np.uint64(0):
            rows[count] = ids[place]
            count += 1
    if long:
        for place in range(b, b_end):
            matches[ids[place]] = np.uint64(0)
    return same, count, b, b_end


@compiled()
def pack_ngrams(symbols, heads, starts, head_length, fields, bits, keys):
    """Keys whose order is that of the n-grams that begin at a place: `heads` there, then the next `fields` symbols.

    symbols: (S,) below 2 ** bits; heads: (S,), a number for the `head_length` symbols at each place, 0 where the text ends before
    (head_length 0: all zero); starts: where N texts begin. A field beyond the end of a text is 0. Fills keys: (S,) of uint64.
    """
    width, top = np.uint64(bits), np.uint64(bits * (fields - 1))
    for text in range(len(starts) - 1):
        tail = np.uint64(0)
        for place in range(starts[text + 1] - 1, starts[text] - 1, -1):
            follows = place + head_length
            if follows < starts[text + 1]:
                tail = (np.uint64(symbols[follows]) << top) | (tail >> width)
            keys[place] = tail
            if head_length > 0:
                keys[place] |= np.uint64(heads[place]) << np.uint64(bits * fields)


@compiled()
def shared_ngrams(keys, starts, left, right, fields, bits, shared):
    """How many n-grams two texts share, each no more often than either holds it: the sorted keys are merged, order by order.

    keys, starts: from `pack_ngrams`, sorted in each text; left, right: (P,) texts. Fills shared: (P, fields).
    """
    full = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    for pair in range(len(left)):
        for field in range(fields):
            drop = np.uint64(bits * (fields - 1 - field))
            a, a_end = starts[left[pair]], starts[left[pair] + 1]
            b, b_end = starts[right[pair]], starts[right[pair] + 1]
            found = 0
            while a < a_end and b < b_end:
                x, y = keys[a] >> drop, keys[b] >> drop
                found += (x == y) & ((x & full) != np.uint64(0))
                a += x <= y
                b += y <= x
            shared[pair, field] = found


@compiled()
def clipped_ngrams(keys, starts, left, right, right_starts, fields, bits, spots, shared):
    """As `shared_ngrams`, against several texts at once: an n-gram counts as often as the one that holds most of it has it.

    right, right_starts: the texts right[right_starts[p] : right_starts[p + 1]] for pair p; spots: room for the most of them.
    """
    full = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    for pair in range(len(left)):
        for field in range(fields):
            drop = np.uint64(bits * (fields - 1 - field))
            a, a_end = starts[left[pair]], starts[left[pair] + 1]
            others, found = right_starts[pair], 0
            count = right_starts[pair + 1] - others
            for other in range(count):
                spots[other] = starts[right[others + other]]
            while a < a_end:
                x, times, most = keys[a] >> drop, 0, 0
                while a < a_end and keys[a] >> drop == x:
                    times += 1
                    a += 1
                for other in range(count):
                    spot, end = spots[other], starts[right[others + other] + 1]
                    while spot < end and keys[spot] >> drop < x:
                        spot += 1
                    held = -spot
                    while spot < end and keys[spot] >> drop == x:
                        spot += 1
                    most = max(most, held + spot)
                    spots[other] = spot
                if (x & full) != np.uint64(0):
                    found += min(times, most)
            shared[pair, field] = found
