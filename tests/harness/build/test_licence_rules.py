"""What licences together allow, each case checked against the licences' own texts."""

import pytest

from harness.build.licence_rules import Conflict, allowed, combine, hub_licences, warnings


@pytest.mark.parametrize(
    ("one", "other", "wholes"),
    [
        ("CC BY-SA 4.0", "CC BY-NC-SA 4.0", set()),  # each asks for itself
        ("CC BY-SA 4.0", "CC BY-NC 4.0", set()),  # BY-SA forbids the further restriction
        ("GPL-3.0", "CC BY-NC 4.0", set()),  # so does the GPL (section 7)
        ("CC BY-SA 4.0", "ODbL", set()),
        ("Apache-2.0", "GPL-2.0", set()),  # Apache's patent clause is a further restriction
        ("GPL-2.0", "GPL-3.0", set()),
        ("GPL-2.0+", "GPL-3.0", {"GPL-3.0-only", "AGPL-3.0-only"}),
        ("CC BY-SA 4.0", "GPL-3.0", {"GPL-3.0-only", "AGPL-3.0-only"}),  # BY-SA 4.0 names GPL-3.0 as compatible
        ("CC BY-SA 3.0", "CC BY-SA 4.0", {"CC-BY-SA-4.0", "GPL-3.0-only", "GPL-3.0-or-later", "AGPL-3.0-only"}),
        ("CC BY-NC 4.0", "CC BY-NC-SA 4.0", {"CC-BY-NC-SA-4.0"}),
        ("MIT", "CC BY-NC-SA 4.0", {"CC-BY-NC-SA-4.0"}),
    ],
)
def test_under_what_one_work_of_both_can_be_passed_on(one: str, other: str, wholes: set[str]) -> None:
    found = combine({one: 1, other: 1})
    assert found.wholes == wholes
    assert bool(found.conflicts) == (not wholes)
    assert combine({other: 1, one: 1}).conflicts == found.conflicts


def test_licences_that_ask_for_attribution_alone_go_with_anything() -> None:
    found = combine({"MIT": 2, "CC BY 4.0": 3, "public domain": 1})
    assert (found.wholes, found.conflicts) == (None, ())
    assert allowed(found) == ["For 5 of 6 rows the source must be named (attribution): keep the column dataset."]
    assert warnings(found) == []


def test_a_conflict_names_both_licences_and_the_way_out() -> None:
    found = combine({"CC BY-SA 4.0": 5, "CC BY-NC-SA 4.0": 2})
    assert found.conflicts == (Conflict("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"),)
    assert warnings(found) == [
        "2 of 7 examples are not for commercial use: CC BY-NC-SA 4.0",
        "CC-BY-NC-SA-4.0 and CC-BY-SA-4.0 conflict: one work cannot be made of both; keep their rows apart",
    ]


def test_rows_without_a_licence_are_counted_as_unknown() -> None:
    found = combine({"": 4, "MIT": 1})
    assert warnings(found) == ["4 of 5 examples are of unknown licence: (none given)"]
    assert allowed(found)[0].startswith("For 4 of 5 rows nobody has said what may be done with them (unknown)")


def test_what_forbids_derivatives_says_that_translations_may_not_be_passed_on() -> None:
    found = combine({"CC BY-ND 4.0": 2})
    assert (
        allowed(found)[0] == "For all 2 rows what is made of them, such as a translation, may not be passed on (no derivatives)."
    )


def test_a_row_under_two_licences_counts_for_both() -> None:
    found = combine({"MIT; CC BY-NC 4.0": 2, "CC BY-SA 4.0": 3})
    assert found.rows_that("non_commercial") == 2
    assert found.conflicts == (Conflict("CC-BY-NC-4.0", "CC-BY-SA-4.0"),)


def test_the_hub_is_told_every_licence_once() -> None:
    assert hub_licences(combine({"MIT": 1, "MIT ": 2, "CC BY-SA 4.0": 1, "public domain": 1})) == ["cc-by-sa-4.0", "mit", "other"]
    assert hub_licences(combine({})) == []


def test_no_rows_allow_nothing_and_forbid_nothing() -> None:
    assert (allowed(combine({})), warnings(combine({}))) == ([], [])


def test_a_string_that_says_more_than_its_names_is_quoted_and_nothing_is_promised_of_the_whole() -> None:
    found = combine({"MIT (non-commercial\x1b[31m use only)": 2, "CC BY-SA 4.0": 1})
    assert warnings(found) == [
        "2 of 3 examples are of unknown licence: MIT (non-commercial\\u{1b}[31m use only)",
        "2 of 3 examples are not for commercial use: MIT (non-commercial\\u{1b}[31m use only)",
        "“MIT (non-commercial\\u{1b}[31m use only)” says more than MIT, so it counts as unknown: read what it means",
    ]
    assert hub_licences(found) == ["cc-by-sa-4.0", "unknown"]
    assert not any("can be passed on under" in sentence for sentence in allowed(found))
    assert "Every row is in the public domain." not in allowed(combine({"public domain (not)": 1}))
