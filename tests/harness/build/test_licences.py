"""What the strings of real sources name, and what those licences ask."""

import re
from pathlib import Path

import pytest

from harness.build.licences import read_licences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", ["MIT"]),
        ("CC BY 4.0", ["CC-BY-4.0"]),
        ("cc-by-sa-4.0", ["CC-BY-SA-4.0"]),
        ("CC BY", ["CC-BY (no version)"]),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", ["CC-BY-NC-SA-4.0"]),
        ("Creative Commons Attribution 4.0", ["CC-BY-4.0"]),
        ("CC0-1.0", ["CC0-1.0"]),
        ("Apache License, Version 2.0", ["Apache-2.0"]),
        ("GPLv3", ["GPL-3.0-only"]),
        ("GPL-3.0+", ["GPL-3.0-or-later"]),
        ("LGPL 2.1 or later", ["LGPL-2.1-or-later"]),
        ("MIT; original Alpaca data CC BY-NC 4.0", ["MIT", "CC-BY-NC-4.0"]),
        ("CC BY-NC 4.0 or MIT", ["MIT"]),
        ("public domain (copyright file of the package)", ["public-domain"]),
        ("MIT code, data unclear", ["MIT", "unknown"]),
        ("without a licence file", ["unknown"]),
        ("All rights reserved", ["all-rights-reserved"]),
        ("permitted to submit", ["unknown"]),  # "mit" stands in both words and names nothing
        ("", ["unknown"]),
        (None, ["unknown"]),
    ],
)
def test_a_string_names_these_licences(text: str | None, expected: list[str]) -> None:
    assert [licence.id for licence in read_licences(text)] == expected


@pytest.mark.parametrize(
    ("text", "asks", "hub"),
    [
        ("CC0", ("nothing",), "cc0-1.0"),
        ("MIT", ("attribution",), "mit"),
        ("CC BY-SA 4.0", ("attribution", "share-alike"), "cc-by-sa-4.0"),
        ("CC BY-NC-ND 4.0", ("attribution", "no commercial use", "no derivatives"), "cc-by-nc-nd-4.0"),
        ("GPL-3.0", ("attribution", "copyleft"), "gpl-3.0"),
        ("something of our own", ("unknown",), "unknown"),
    ],
)
def test_what_a_licence_asks(text: str, asks: tuple[str, ...], hub: str) -> None:
    [licence] = read_licences(text)
    assert (licence.asks, licence.hub) == (asks, hub)


def test_every_source_at_hand_names_licences_that_are_known(shared_data: Path) -> None:
    unread = []
    for file in sorted(shared_data.glob("*/SOURCE.md")):
        found = re.search(r"^- Licence: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert found is not None, file
        if any(licence.unknown for licence in read_licences(found[1])):
            unread.append(file.parent.name)
    assert unread == ["glasgow-norms"]  # the norms are CC BY 4.0, the copy comes from a repository "without a licence file"
