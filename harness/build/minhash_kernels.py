"""Compiled loops (numba) of near-duplicate search: shingles, MinHash signatures, Jaccard similarities, groups of equal keys."""

# mypy: allow-untyped-defs
# numba infers the types; shapes are in the docstrings

import numpy as np

from harness.build.sift_kernels import mix
from harness.compiling import compiled


@compiled()
def shingle_hashes(symbols, begin, end, length, hashes):
    """Hashes of the runs of `length` symbols between two places; a shorter text is one run. Returns how many."""
    factor, top = np.uint64(0xD1342543DE82EF95), np.uint64(1)
    for _ in range(length):
        top *= factor
    state, filled = np.uint64(0), 0
    for place in range(begin, end):
        state = state * factor + np.uint64(symbols[place])
        if place - begin >= length:
            state -= np.uint64(symbols[place - length]) * top
        if place - begin >= length - 1:
            hashes[filled] = mix(state)
            filled += 1
    if filled == 0 and end > begin:
        hashes[0] = mix(state + np.uint64(end - begin))
        filled = 1
    return filled


@compiled()
def sketch(hashes, count, seed, signature):
    """The signature of a set of numbers, of T places, after Dahlgaard, Knudsen & Thorup (2017), "Fast similarity sketching".

    In round i every number falls into one place (its place and its value drawn anew each round); from round T on all fall into
    place i - T. A place keeps the smallest value of the first round that reached it; it ends when none is empty. So two sets
    agree in a place with the probability of their Jaccard similarity, exactly as with T permutations, at the cost of a few.
    """
    places = len(signature)
    empty = ~np.uint64(0)
    for place in range(places):
        signature[place] = empty
    taken = 0
    for turn in range(2 * places):
        salt = mix(seed + np.uint64(turn) * np.uint64(0x9E3779B97F4A7C15))
        head = np.uint64(turn) << np.uint64(40)
        for number in range(count):
            drawn = mix(hashes[number] ^ salt)
            place = ((drawn >> np.uint64(40)) * np.uint64(places)) >> np.uint64(24)
            if turn >= places:
                place = np.uint64(turn - places)
            value = head | (drawn & np.uint64(0xFFFFFFFFFF))
            held = signature[place]
            if value < held:  # what an earlier round put there is smaller
                taken += held == empty
                signature[place] = value
        if taken == places:
            break


@compiled()
def side_starts(symbols, starts, mark, found):
    """Where the two sides of N texts begin: fills found, (2 N + 1,). The second one begins behind the first `mark`; without one
    it is empty."""
    for text in range(len(starts) - 1):
        place, end = starts[text], starts[text + 1]
        found[2 * text] = place
        while place < end and symbols[place] != mark:
            place += 1
        found[2 * text + 1] = min(place + 1, end)
    found[2 * (len(starts) - 1)] = starts[len(starts) - 1]


@compiled()
def side_hashes(symbols, sides, text, length, hashes):
    """The shingle hashes of both sides of a text, those of the second one told apart from the first. Returns how many."""
    count = shingle_hashes(symbols, sides[2 * text], sides[2 * text + 1], length, hashes)
    more = shingle_hashes(symbols, sides[2 * text + 1], sides[2 * text + 2], length, hashes[count:])
    for place in range(count, count + more):
        hashes[place] ^= np.uint64(0xA0761D6478BD642F)
    return count + more


@compiled()
def signatures(symbols, starts, length, seed, room, found):
    """The signatures of N texts: fills found, (N, T). room: for the hashes of the longest text. A text without symbols has all
    places empty."""
    for text in range(len(starts) - 1):
        count = shingle_hashes(symbols, starts[text], starts[text + 1], length, room)
        sketch(room, count, seed, found[text])


@compiled()
def band_keys(symbols, sides, length, seed, rows, room, signature, keys):
    """A key for each band of `rows` places of the signatures of N texts of two sides: fills keys, (N, B)."""
    for text in range(len(keys)):
        count = side_hashes(symbols, sides, text, length, room)
        sketch(room, count, seed, signature)
        for band in range(keys.shape[1]):
            state = np.uint64(band + 1) * np.uint64(0x9E3779B97F4A7C15)
            for row in range(rows):
                state = mix(state ^ signature[band * rows + row])
            keys[text, band] = state


@compiled()
def sort_hashes(hashes, count, room, counts):
    """Sorts `count` hashes, whose highest bits are as good as random: into buckets by these, then each into its place nearby.

    room: as many numbers; counts: a power of two of them and one more, best about `count`; both are overwritten.
    """
    buckets, shift = len(counts) - 1, np.uint64(64)
    while buckets > 1:
        buckets >>= 1
        shift -= np.uint64(1)
    counts[:] = 0
    for place in range(count):
        counts[(hashes[place] >> shift) + np.uint64(1)] += 1
        room[place] = hashes[place]
    for bucket in range(1, len(counts)):
        counts[bucket] += counts[bucket - 1]
    for place in range(count):
        bucket = room[place] >> shift
        hashes[counts[bucket]] = room[place]
        counts[bucket] += 1
    for place in range(1, count):
        value, to = hashes[place], place
        while to > 0 and hashes[to - 1] > value:
            hashes[to] = hashes[to - 1]
            to -= 1
        hashes[to] = value


@compiled()
def shingle_sets(symbols, starts, length, room, counts, sets, set_starts):
    """The shingles of N texts as sorted numbers without repeats: fills sets and set_starts, (N + 1,). room: as many numbers as
    the longest text has symbols; counts: a power of two and one more."""
    filled = 0
    for text in range(len(starts) - 1):
        set_starts[text] = filled
        own = sets[filled:]
        count = shingle_hashes(symbols, starts[text], starts[text + 1], length, own)
        size = 2
        while size < count and 2 * size < len(counts):
            size *= 2
        sort_hashes(own, count, room, counts[: size + 1])
        last = 0
        for place in range(1, count):
            if own[place] != own[last]:
                last += 1
                own[last] = own[place]
        filled += min(count, last + 1)
    set_starts[len(starts) - 1] = filled


@compiled()
def jaccard(sets, set_starts, one, other):
    """The share of the numbers of two sets that both hold; 1 where both are empty."""
    a, a_end = set_starts[one], set_starts[one + 1]
    b, b_end = set_starts[other], set_starts[other + 1]
    total, both = (a_end - a) + (b_end - b), 0
    while a < a_end and b < b_end:
        x, y = sets[a], sets[b]
        both += x == y
        a += x <= y
        b += y <= x
    return 1.0 if total == 0 else both / (total - both)


@compiled()
def jaccards(sets, set_starts, left, right, found):
    """The Jaccard similarity of P pairs of sets: fills found, (P,)."""
    for pair in range(len(left)):
        found[pair] = jaccard(sets, set_starts, left[pair], right[pair])


@compiled()
def can_be_similar(set_starts, one, other, near):
    """Whether the sizes of two sets allow a similarity of `near`."""
    a, b = set_starts[one + 1] - set_starts[one], set_starts[other + 1] - set_starts[other]
    return min(a, b) >= near * max(a, b)


@compiled()
def are_similar(sets, set_starts, one, other, near):
    """Whether both sides of two texts are at least `near` alike; the sides of text n are the sets 2 n and 2 n + 1."""
    one, other = 2 * one, 2 * other
    if not (can_be_similar(set_starts, one, other, near) and can_be_similar(set_starts, one + 1, other + 1, near)):
        return False
    return jaccard(sets, set_starts, one + 1, other + 1) >= near and jaccard(sets, set_starts, one, other) >= near


@compiled()
def root_of(parents, row):
    """The row that stands for the row's cluster."""
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@compiled()
def join(parents, ranks, one, other):
    """Makes two clusters one, for which the row of the smaller rank stands."""
    one, other = root_of(parents, one), root_of(parents, other)
    if one != other:
        if ranks[other] < ranks[one]:
            one, other = other, one
        parents[other] = one


@compiled()
def open_groups(keys, rows, parents, first, last):
    """Where stretches of equal (sorted) keys begin and end whose rows are not yet one cluster: fills first and last; how many."""
    found, begin = 0, 0
    for place in range(1, len(keys) + 1):
        if place == len(keys) or keys[place] != keys[begin]:
            if place - begin > 1:
                root = root_of(parents, rows[begin])
                for other in range(begin + 1, place):
                    if root_of(parents, rows[other]) != root:
                        first[found], last[found] = begin, place
                        found += 1
                        break
            begin = place
    return found


@compiled()
def join_similar(first, last, rows, local, sets, set_starts, near, most, leaders, parents, ranks):
    """Joins the rows of each group that are similar enough.

    rows[first[g] : last[g]]: the rows of group g by ascending rank; local: the place of each among the texts. Every row is held
    against the rows before it that were like none before them (at most `most` of these), and joined with the first that is at
    least `near` to it. Returns how many pairs were compared.
    """
    compared = 0
    for group in range(len(first)):
        leading = 0
        for place in range(first[group], last[group]):
            alone = True
            for leader in range(leading):
                other = leaders[leader]
                if root_of(parents, rows[place]) == root_of(parents, rows[other]):
                    alone = False
                    break
                compared += 1
                if are_similar(sets, set_starts, local[place], local[other], near):
                    join(parents, ranks, rows[place], rows[other])
                    alone = False
                    break
            if alone and leading < most:
                leaders[leading] = place
                leading += 1
    return compared
