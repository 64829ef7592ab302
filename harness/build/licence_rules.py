"""What licences together allow: of the rows side by side, and of one work made out of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from harness.build.licences import Licence, creative_commons, read_licences, unread
from harness.report.texts import shown

ADVICE = "This is what the licences' texts ask, by a table of well-known ones; it is no legal advice."


@dataclass(frozen=True)
class Conflict:
    """Two licences under which nothing can be passed on that is made of works of both."""

    one: str
    other: str


@dataclass(frozen=True)
class Combined:
    """The licences of a data set: rows by licence string, what is read in each string, and what holds for the whole.

    `wholes`: identifiers under which one work made of all rows could be passed on; None where any would do, empty where none can.
    """

    rows: Mapping[str, int]
    read: Mapping[str, tuple[Licence, ...]]
    conflicts: tuple[Conflict, ...]
    wholes: frozenset[str] | None

    @property
    def licences(self) -> tuple[Licence, ...]:
        """Every licence that some row is under, by identifier."""
        return tuple(sorted({licence for found in self.read.values() for licence in found}, key=lambda one: one.id))

    def rows_that(self, quality: str) -> int:
        """Rows under a licence that has the property (`non_commercial`, `unknown` …)."""
        return sum(n for text, n in self.rows.items() if any(getattr(licence, quality) for licence in self.read[text]))


def combine(rows: Mapping[str, int]) -> Combined:
    """The licences of rows counted by their licence string ("" where a row names none)."""
    read = {text: read_licences(text) for text in rows}
    found = sorted({licence for licences in read.values() for licence in licences}, key=lambda one: one.id)
    known = [licence for licence in found if not licence.unknown]
    open_ones = [
        licence for licence in known if not (licence.no_derivatives or licence.reserved)
    ]  # those have their own sentence
    pairs = [Conflict(a.id, b.id) for a, b in combinations(open_ones, 2) if not _together(a, b)]
    return Combined(dict(rows), read, tuple(pairs), _wholes(known))


def allowed(found: Combined) -> list[str]:
    """What the whole may be used for, a sentence each, the heaviest first; empty for no rows."""
    total = sum(found.rows.values())
    if not total:
        return []
    said = [
        _sentence(found, "reserved", total, "all rights are reserved: they may not be passed on, nor perhaps used at all"),
        _sentence(found, "unknown", total, "nobody has said what may be done with them (unknown): ask before passing them on"),
        _sentence(found, "non_commercial", total, "commercial use is not allowed (non-commercial)"),
        _sentence(
            found, "no_derivatives", total, "what is made of them, such as a translation, may not be passed on (no derivatives)"
        ),
    ]
    said += [
        f"{one.one} and {one.other} cannot be met by one work made of both: keep their rows apart, each under its own licence."
        for one in found.conflicts
    ]
    if found.wholes is not None and found.wholes and not found.conflicts and not found.rows_that("unknown"):
        said.append(f"One work made of all rows can be passed on under {_listed(sorted(found.wholes), 'or')}.")
    if found.rows_that("attribution"):
        said.append(_sentence(found, "attribution", total, "the source must be named (attribution): keep the column dataset"))
    if all(licence.public_domain for licence in found.licences):
        said.append("Every row is in the public domain.")
    return [sentence for sentence in said if sentence]


def warnings(found: Combined) -> list[str]:
    """What somebody who builds the set must be told at once: rows of unknown, reserved, non-commercial or clashing licences."""
    total = sum(found.rows.values())
    said = []
    for quality, words in (
        ("reserved", "under no licence at all (all rights reserved)"),
        ("unknown", "of unknown licence"),
        ("non_commercial", "not for commercial use"),
        ("no_derivatives", "under a licence that forbids passing on what is made of them"),
    ):
        n = found.rows_that(quality)
        if n:
            named = sorted(
                _quoted(text) or "(none given)" for text, ones in found.read.items() if any(getattr(one, quality) for one in ones)
            )
            said.append(f"{n:,} of {total:,} example{' is' if total == 1 else 's are'} {words}: {_cut(_listed(named, 'and'))}")
    for text in sorted(found.read):
        names = unread(text)
        if names:
            said.append(
                f"“{_quoted(text)}” says more than {_listed(list(names), 'and')}, so it counts as unknown: read what it means"
            )
    for one in found.conflicts:
        said.append(f"{one.one} and {one.other} conflict: one work cannot be made of both; keep their rows apart")
    return said


def hub_licences(found: Combined) -> list[str]:
    """The hub's names of the licences, each once: what stands in the front matter of a data card."""
    names = sorted({licence.hub for licence in found.licences})
    return [name for name in names if name != "other"] + (["other"] if "other" in names else [])


def _sentence(found: Combined, quality: str, total: int, says: str) -> str:
    n = found.rows_that(quality)
    if not n:
        return ""
    if total == 1:
        return f"For the one row {says}."
    return f"For {'all' if n == total else f'{n:,} of'} {total:,} rows {says}."


def _listed(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _quoted(text: str) -> str:
    """A stranger's string on one line, with what cannot be seen made visible."""
    return _cut(" ".join(shown(text).split()))


def _cut(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]} …"


def _together(one: Licence, other: Licence) -> bool:
    wholes = _wholes([one, other])
    return wholes is None or bool(wholes)


def _wholes(licences: Iterable[Licence]) -> frozenset[str] | None:
    """Under which of the well-known licences a work made of all these could be passed on; None: it would stand under any.

    A licence that asks for nothing but attribution fits below all others (Apache-2.0 not below GPL-2.0 alone); a share-alike or
    copyleft one below itself, its later versions and what it names (CC BY-SA 4.0: GPL-3.0); a non-commercial one below
    non-commercial ones.
    """
    common: frozenset[str] | None = None
    for licence in licences:
        fits = _fits_below(licence)
        common = fits if common is None else common if fits is None else common & fits
    return common


def _fits_below(licence: Licence) -> frozenset[str] | None:
    if licence.no_derivatives or licence.reserved:
        return frozenset()
    if licence.share_alike or licence.copyleft:
        return frozenset({licence.id, *_FURTHER.get(licence.id, ())})
    if licence.non_commercial:
        return _NON_COMMERCIAL
    if licence.id == "Apache-2.0":
        return _ALL - {"GPL-2.0-only", "LGPL-2.1-only"}
    return None


_NON_COMMERCIAL = frozenset(creative_commons(parts, "4.0").id for parts in ("by-nc", "by-nc-sa")) | {"CC-BY-NC-SA-3.0"}
_GPL3 = ("GPL-3.0-only", "GPL-3.0-or-later", "AGPL-3.0-only")
_FURTHER: dict[str, tuple[str, ...]] = {
    "CC-BY-SA-2.0": ("CC-BY-SA-2.5", "CC-BY-SA-3.0", "CC-BY-SA-4.0", *_GPL3),
    "CC-BY-SA-2.5": ("CC-BY-SA-3.0", "CC-BY-SA-4.0", *_GPL3),
    "CC-BY-SA-3.0": ("CC-BY-SA-4.0", *_GPL3),
    "CC-BY-SA-4.0": _GPL3,
    "CC-BY-NC-SA-2.0": ("CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0"),
    "CC-BY-NC-SA-3.0": ("CC-BY-NC-SA-4.0",),
    "GPL-2.0-or-later": ("GPL-2.0-only", *_GPL3),
    "GPL-3.0-or-later": _GPL3,
    "GPL-3.0-only": ("AGPL-3.0-only",),
    "LGPL-2.1-only": ("GPL-2.0-only", "GPL-2.0-or-later", *_GPL3),
    "LGPL-2.1-or-later": ("LGPL-2.1-only", "LGPL-3.0-only", "LGPL-3.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later", *_GPL3),
    "LGPL-3.0-only": _GPL3,
    "LGPL-3.0-or-later": ("LGPL-3.0-only", *_GPL3),
}
_ALL = frozenset(
    {*_FURTHER, *(name for names in _FURTHER.values() for name in names), *_NON_COMMERCIAL, "ODbL-1.0", "Apache-2.0"}
)
