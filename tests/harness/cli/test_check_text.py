"""What `data check` prints of sets of different shapes."""

from judgment_sets import Sheet

from harness.cli.check_text import check_lines
from harness.describe import describe


def lines(sheet: Sheet) -> list[str]:
    return list(check_lines(describe(sheet.data()), 100))


def rated(raters: int) -> Sheet:
    sheet = Sheet()
    for n in range(6):
        for place, system in enumerate("ab"):
            ratings = {f"r{rater:02d}": float(1 + (n + rater * place) % 5) for rater in range(raters)}
            sheet.answer(f"d/{n}", system, ratings, text=f"svar {n} {system}")
    return sheet


def test_few_raters_stand_beside_each_other() -> None:
    found = lines(rated(3))
    assert next(line.split() for line in found if line.startswith("  rating")) == ["rating", "r00", "r01", "r02"]
    assert sum(line.startswith("quality, r0") for line in found) == 3
    assert "  empty cells: none" in found


def test_many_raters_are_put_together_and_the_rest_is_counted() -> None:
    found = lines(rated(20))
    assert (
        sum(line.startswith("quality, 20 raters (no scale): 240 ratings, 0 missing; 12, 12, 12 a rater") for line in found) == 1
    )
    assert "  … and 8 more raters (--json has all)" in found
    assert not any("r15" in line for line in found)


def test_many_who_compare_are_put_together() -> None:
    sheet = Sheet()
    for n in range(6):
        a, b = (sheet.answer(f"d/{n}", system, text=f"{system} {n}") for system in "ab")
        sheet.prefer(a, b, "a", rater=f"r{n}")
    sheet.judgments.clear()
    found = lines(sheet)
    assert "quality, 6 raters: 6 pairs, 0 ties, 0 missing" in found
    assert "  wins: a 6" in found


def test_warnings_are_wrapped_and_every_line_can_be_printed() -> None:
    found = lines(rated(2))
    start = next(n for n, line in enumerate(found) if line.startswith("What could hurt"))
    assert all(len(line) <= 100 for line in found[start + 1 : found.index("", start)])
    evil = rated(2)
    evil.answer("d/9\n", "\x1b[2Jc\u202e", {"r\x9b": 1.0}, text="\x1b]0;x\x07")
    assert all(line.isprintable() for line in lines(evil))
