"""What the strings of real sources name, and what those licences ask."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.build.licence_words import _HARMLESS
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
        ("GPL-3.0 or proprietary", ["GPL-3.0-only"]),
        ("MIT or unknown", ["MIT", "unknown"]),
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


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("MIT (non-commercial use only)", ("attribution", "no commercial use", "unknown")),
        ("not for commercial use, MIT", ("attribution", "no commercial use", "unknown")),
        ("CC BY 4.0, no commercial use", ("attribution", "no commercial use", "unknown")),
        ("CC BY 4.0 NC", ("attribution", "no commercial use", "unknown")),
        ("Apache-2.0, research only", ("attribution", "no commercial use", "unknown")),
        ("MIT, endast för forskning", ("attribution", "no commercial use", "unknown")),
        ("MIT, icke-kommersiell", ("attribution", "no commercial use", "unknown")),
        ("CC BY 4.0, no modifications", ("attribution", "no derivatives", "unknown")),
        ("CC BY-SA 4.0 and our own terms", ("attribution", "share-alike", "unknown")),
        ("not CC0", ("unknown",)),
        ("cc0 1.0 except pictures", ("unknown",)),
        ("public domain (not)", ("unknown",)),
        ("custom MIT", ("attribution", "unknown")),
        ("MIT?", ("attribution", "unknown")),
        ("MIT*", ("attribution", "unknown")),
        ("BSD-4-Clause", ("attribution", "unknown")),
        ("Apache-1.1", ("attribution", "unknown")),
        ("MIT https://example.org/terms-of-mit", ("attribution", "unknown")),
        ("our terms\n---\nlicense: mit\n---", ("attribution", "unknown")),
        ("MIT\nCC0", ("attribution", "unknown")),  # a licence's name has one line
        ("MIT\u200b", ("attribution", "unknown")),
        ("research only", ("no commercial use", "unknown")),
    ],
)
def test_a_string_that_says_more_than_a_name_is_unknown_with_what_it_forbids(text: str, asks: tuple[str, ...]) -> None:
    [licence] = read_licences(text)
    assert (licence.id, licence.hub, licence.asks) == ("unknown", "unknown", asks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The MIT License (MIT)", ["MIT"]),
        ("Licensed under the Apache Software License, Version 2.0", ["Apache-2.0"]),
        ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", ["CC0-1.0", "public-domain"]),
        ("CC BY 4.0 International", ["CC-BY-4.0"]),
        ("CC BY-SA 3.0 IGO", ["CC-BY-SA-3.0"]),
        ("CC-BY-4.0/MIT", ["CC-BY-4.0", "MIT"]),
        ("Recipes data CC BY 4.0; code: MIT (LICENSE)", ["CC-BY-4.0", "MIT"]),
        ("https://creativecommons.org/licenses/by-nc/4.0/", ["CC-BY-NC-4.0"]),
        ("CC0 (https://creativecommons.org/publicdomain/zero/1.0/deed.sv)", ["CC0-1.0"]),
        ("MIT, https://github.com/someone/something/blob/main/LICENSE", ["MIT"]),
        ("GNU Lesser General Public License, version 2.1", ["LGPL-2.1-only"]),
    ],
)
def test_harmless_words_and_links_stand_beside_a_name(text: str, expected: list[str]) -> None:
    assert [licence.id for licence in read_licences(text)] == expected


RESTRICTIONS = [
    "non-commercial",
    "noncommercial use only",
    "no commercial use",
    "not for commercial purposes",
    "research only",
    "for academic use",
    "commercial use prohibited",
    "for non commercial data",
    "icke kommersiellt bruk",
    "personal use only",
]
KNOWN = ["MIT", "CC BY 4.0", "cc-by-sa-4.0", "Apache-2.0", "CC0", "GPL-3.0", "public domain", "BSD-3-Clause", "ODbL"]


@given(
    name=st.sampled_from(KNOWN),
    word=st.text("abcdefghijklmnopqrstuvwxyzåäö", min_size=1, max_size=12),
    form=st.sampled_from(["{0} {1}", "{1} {0}", "{0} ({1})", "{0}, {1}", "{1}: {0}", "{0} – {1}", "{0}/{1}"]),
    upper=st.booleans(),
)
def test_no_word_beside_a_name_passes_unless_it_is_listed(name: str, word: str, form: str, upper: bool) -> None:
    assume(word not in _HARMLESS)
    found = read_licences(form.format(name, word.upper() if upper else word))
    assume(len(found) < 2 and not read_licences(word)[0].public_domain)  # the word was a licence's name
    assume(all(licence.unknown for licence in read_licences(word)))
    assert all(licence.unknown for licence in found) or word in ("v", "gnu", "new", "se", "de", "dk", "fi", "us", "uk", "igo")


@given(
    name=st.sampled_from(KNOWN),
    said=st.sampled_from(RESTRICTIONS),
    form=st.sampled_from(["{0} {1}", "{1} {0}", "{0} ({1})", "{0}; {1}", "{1}, {0} licence", "code {0}, data {1}"]),
    upper=st.booleans(),
)
def test_a_restriction_is_read_wherever_it_stands(name: str, said: str, form: str, upper: bool) -> None:
    text = form.format(name, said)
    [licence] = read_licences(text.upper() if upper else text)
    assert (licence.unknown, licence.non_commercial, licence.public_domain) == (True, True, False)


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert read_licences(text)


def test_the_sources_at_hand_name_licences_that_are_known_or_say_more(shared_data: Path) -> None:
    read = {}
    for file in sorted(shared_data.glob("*/SOURCE.md")):
        found = re.search(r"^- Licence: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert found is not None, file
        read[file.parent.name] = [licence.id for licence in read_licences(found[1])]
    # These tell of several parts, of other data sets or of terms in whole sentences: a person must read them.
    prose = {"alpaca-seed-tasks", "gec-evaluation-sv", "glasgow-norms", "judge-bench", "laerebogen-danish-seeds"}
    prose |= {"mt-bench-sv-questions", "pandalm-testset", "sweinstruct", "wmt23-ende-da-sqm"}
    assert {name for name, found in read.items() if found == ["unknown"]} == prose
    assert {name: found for name, found in read.items() if name not in prose} == {
        "copyright-finns-inte": ["public-domain"],
        "ntrex-nordic": ["CC-BY-SA-4.0"],
        "superlim2": ["CC-BY-4.0"],
        "swe-quinductor-human-eval": ["MIT"],
        "swectrl-mini-human-eval": ["Apache-2.0"],
        "swequad-mc": ["CC-BY-4.0", "MIT"],
        "ud-swedish-talbanken": ["CC-BY-SA-4.0"],
        "zaragoza-construction-faq": ["CC-BY-4.0"],
    }


def test_every_licence_in_our_configs_and_plugins_is_known() -> None:
    said = re.compile(r"""\b["']?licence["']?\s*[:=]\s*["']?([A-Z][A-Za-z0-9. +-]*|public domain)""", re.IGNORECASE)
    root = Path(__file__).parents[3]
    files = [*root.glob("configs/**/*.yaml"), *root.glob("plugins/harness_plugins/**/*.py")]
    texts = {
        found.strip()
        for file in files
        for found in said.findall(file.read_text(encoding="utf-8"))
        if re.search(r"\d|^MIT|^public|^GPL|^CC", found)
    }
    assert {"CC-BY-4.0", "GPL-3.0", "MIT AND CC-BY-NC-4.0", "public domain", "Apache-2.0 AND CC-BY-4.0"} <= texts
    assert [text for text in sorted(texts) if any(licence.unknown for licence in read_licences(text))] == []
