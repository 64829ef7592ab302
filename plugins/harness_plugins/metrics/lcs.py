"""Longest common subsequences of token ids, bit-parallel: one machine word holds many cells of a column.

A column of the table t[i][j] (first i tokens of one side, first j of the other) never falls and never grows by more than
one from row to row, so one bit a row holds it: here 0 where t[i][j] = t[i-1][j] + 1, and 1 where the two are equal. A Python
integer is the column, and one addition computes the next (Crochemore, Iliopoulos, Pinzon & Reid 2001; Hyyrö 2004).
"""

from collections.abc import Iterator, Sequence


def lcs_positions(reference: Sequence[int], candidate: Sequence[int]) -> list[int]:
    """Positions in the reference of one longest common subsequence, rising: of several, the one that rouge-score picks.

    It walks back from the end of both: takes a match where the last tokens are equal, else drops the candidate's last token
    if t[i][j-1] > t[i-1][j], else the reference's. Where the tokens differ, t[i][j] is the larger of these two, so the
    condition reads t[i][j] > t[i-1][j].
    """
    known = set(candidate)
    positions = [position for position, token in enumerate(reference) if token in known]  # other rows are always dropped
    rows = [reference[position] for position in positions]
    columns = list(_columns(rows, candidate))
    taken = []
    i, j = len(rows), len(candidate)
    while i and j:
        if rows[i - 1] == candidate[j - 1]:
            i -= 1
            j -= 1
            taken.append(positions[i])
        elif columns[j - 1] >> (i - 1) & 1:
            i -= 1
        else:
            j -= 1
    return taken[::-1]


def _columns(rows: Sequence[int], tokens: Sequence[int]) -> Iterator[int]:
    """The table's column after each token. A token that matches nothing yields the same object again, which costs no memory."""
    matches: dict[int, int] = {}
    bit = 1
    for token in rows:
        matches[token] = matches.get(token, 0) | bit
        bit <<= 1
    full = bit - 1
    column = full
    for token in tokens:
        hits = column & matches.get(token, 0)
        if hits:
            column = ((column + hits) | (column ^ hits)) & full
        yield column
