"""What a licence asks and allows, read from the strings in which sources name it.

A short table of the licences that data sets come under, with the properties that decide what a collection may be used for. It
knows what the licences' own texts say and nothing of anybody's law: a card built on it says so.
"""

import re
from dataclasses import dataclass, replace

from harness.build.licence_words import beside, with_names_for_links

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX identifier (or `public-domain`, `all-rights-reserved`, `unknown`) and what it asks.

    `attribution`: name the source; `share_alike`: pass on what is made of it under the same terms; `copyleft`: so too, as
    software licences say it; `non_commercial`; `no_derivatives`: do not pass on what is made of it, a translation say;
    `public_domain`: asks nothing; `reserved`: allows nothing; `unknown`: nobody knows what it asks. `hub` is its name on the hub.
    """

    id: str
    hub: str
    attribution: bool = True
    share_alike: bool = False
    copyleft: bool = False
    non_commercial: bool = False
    no_derivatives: bool = False
    public_domain: bool = False
    reserved: bool = False
    unknown: bool = False

    @property
    def asks(self) -> tuple[str, ...]:
        """What it asks, in words, the heaviest last."""
        said = {
            "nothing": self.public_domain,
            "attribution": self.attribution,
            "share-alike": self.share_alike,
            "copyleft": self.copyleft,
            "no commercial use": self.non_commercial,
            "no derivatives": self.no_derivatives,
            "all rights reserved": self.reserved,
            "unknown": self.unknown,
        }
        return tuple(words for words, holds in said.items() if holds)


def read_licences(text: str | None) -> tuple[Licence, ...]:
    """The licences that a string names, each once: all of them hold (`code MIT; data CC BY 4.0`), but of two with `or` between
    them the one that asks less.

    A string that names none that is known, or that says more than names, versions, links and harmless words ("for every folder
    copied here"), gives one unknown licence: of it only is known what the names ask and the other words forbid.
    """
    named, rest = _named(text or "")
    left = beside(rest)
    if not left.words:
        return tuple(dict.fromkeys(named)) or (_UNKNOWN,)
    return (
        replace(
            _UNKNOWN,
            attribution=any(one.attribution for one in named),
            share_alike=left.share_alike or any(one.share_alike for one in named),
            copyleft=any(one.copyleft for one in named),
            non_commercial=left.non_commercial or any(one.non_commercial for one in named),
            no_derivatives=left.no_derivatives or any(one.no_derivatives for one in named),
        ),
    )


def unread(text: str) -> tuple[str, ...]:
    """Identifiers of the well-known licences in a string that says more than their names, so that it is read as unknown."""
    named, rest = _named(text)
    return tuple(dict.fromkeys(one.id for one in named if not one.unknown)) if beside(rest).words else ()


def _named(text: str) -> tuple[list[Licence], str]:
    """The licences named, and the string with a `|` in the place of each name."""
    text = with_names_for_links(text.replace("|", "¦"))
    found: list[tuple[Licence, int, int]] = []
    rest, end = "", 0
    for match in _PATTERN.finditer(text):
        licence = _of(match)
        choice = found and _CHOICE.fullmatch(text[found[-1][2] : match.start()])
        if choice and not (licence.unknown or found[-1][0].unknown):  # nobody knows what an unknown one asks
            licence = min(found.pop()[0], licence, key=lambda one: (one.reserved, len(one.asks), one.id))
        found.append((licence, match.start(), match.end()))
        rest, end = f"{rest}{text[end : match.start()]}|", match.end()
    return [licence for licence, _, _ in found], rest + text[end:]


def creative_commons(parts: str, version: str | None) -> Licence:
    """`creative_commons("by-nc-sa", "4.0")`; without a version it says so in its identifier."""
    words = parts.split("-")
    name = f"CC-{parts.upper()}"
    return Licence(
        id=f"{name}-{version}" if version else f"{name} (no version)",
        hub=f"cc-{parts}-{version}" if version in _HUB_VERSIONS.get(parts, ()) else "cc",
        share_alike="sa" in words,
        non_commercial="nc" in words,
        no_derivatives="nd" in words,
    )


_UNKNOWN = Licence(UNKNOWN, "unknown", attribution=False, unknown=True)
_RESERVED = Licence("all-rights-reserved", "other", attribution=False, reserved=True)
_PUBLIC = Licence("public-domain", "other", attribution=False, public_domain=True)
_PERMISSIVE = Licence("MIT", "mit")
_HUB_VERSIONS = {
    "by": ("2.0", "2.5", "3.0", "4.0"),
    "by-sa": ("3.0", "4.0"),
    "by-nc": ("2.0", "3.0", "4.0"),
    "by-nd": ("4.0",),
    "by-nc-nd": ("3.0", "4.0"),
    "by-nc-sa": ("2.0", "3.0", "4.0"),
}
_FIXED: dict[str, tuple[str, Licence]] = {
    "cc0": (
        r"(?:creative commons )?(?:cc[- ]?0|cc[- ]zero|creative commons zero)(?:[- ]?v?1\.0)?",
        replace(_PUBLIC, id="CC0-1.0", hub="cc0-1.0"),
    ),
    "pddl": (r"pddl(?:[- ]1\.0)?", replace(_PUBLIC, id="PDDL-1.0", hub="pddl")),
    "unlicense": (r"(?:the )?unlicense", replace(_PUBLIC, id="Unlicense", hub="unlicense")),
    "public": (r"public[- ]domain(?: mark)?|allmän egendom", _PUBLIC),
    "mit": (r"mit(?:[- ]licen[cs]e)?", _PERMISSIVE),
    "apache": (
        r"apache(?:[- ]software)?(?:[- ]licen[cs]e)?,?(?:[- ](?:version )?v?2(?:\.0)?)?",
        Licence("Apache-2.0", "apache-2.0"),
    ),
    "bsd2": (r"bsd[- ]2(?:[- ]clause)?", Licence("BSD-2-Clause", "bsd-2-clause")),
    "bsd3": (r"(?:new )?bsd(?:[- ]3(?:[- ]clause)?)?", Licence("BSD-3-Clause", "bsd-3-clause")),
    "isc": (r"isc", Licence("ISC", "isc")),
    "odbl": (r"odbl(?:[- ]1\.0)?", Licence("ODbL-1.0", "odbl", share_alike=True)),
    "odcby": (r"odc[- ]by(?:[- ]1\.0)?", Licence("ODC-By-1.0", "odc-by")),
    "reserved": (r"all rights reserved|proprietary", _RESERVED),
    "unsaid": (r"unclear|unknown|not stated|no licen[cs]e(?: stated| given)?|without a licen[cs]e", _UNKNOWN),
}
_SEP = r"[-\s_,/]*"
_LONG = (
    r"creative commons" + _SEP + r"attribution(?:(?P<long_nc>" + _SEP + r"non" + _SEP + r"commercial))?"
    r"(?:(?P<long_sa>" + _SEP + r"share" + _SEP + r"alike)|(?P<long_nd>" + _SEP + r"no" + _SEP + r"deriv(?:ative)?s?))?"
    r"(?:\s*v?(?P<long_version>\d\.\d))?"
)
_SHORT = (
    r"cc[-\s]by(?P<short_parts>(?:[-\s](?:nc|sa|nd))*)(?:[-\s]v?(?P<short_version>\d\.\d)(?:[-\s](?:igo|us|uk|de|se|dk|fi)\b)?)?"
)
_GNU = r"(?:gnu )?(?P<gnu_kind>[al]?gpl)(?:[- ]?v?(?P<gnu_version>[123](?:\.[01])?))?(?P<gnu_later>\+|[- ]or[- ]later|[- ]only)?"
_ALTERNATIVES = {"long": _LONG, "short": _SHORT, "gnu": _GNU, **{name: one for name, (one, _) in _FIXED.items()}}
_PATTERN = re.compile(
    r"(?<![\w.])(?:" + "|".join(f"(?P<{name}>{one})" for name, one in _ALTERNATIVES.items()) + r")(?!\w)", re.IGNORECASE
)
_CHOICE = re.compile(r"[\s,]*\b(?:or|eller)\b[\s,]*", re.IGNORECASE)


def _of(match: re.Match[str]) -> Licence:
    kind = next(name for name in _ALTERNATIVES if match[name] is not None)
    if kind == "long":
        parts = "-".join(["by", *(part for part in ("nc", "sa", "nd") if match[f"long_{part}"])])
        return creative_commons(parts, match["long_version"])
    if kind == "short":
        named = re.findall("nc|sa|nd", match["short_parts"].casefold())
        return creative_commons("-".join(["by", *(part for part in ("nc", "sa", "nd") if part in named)]), match["short_version"])
    if kind == "gnu":
        return _gnu(match["gnu_kind"].upper(), match["gnu_version"], match["gnu_later"])
    return _FIXED[kind][1]


def _gnu(kind: str, version: str | None, later: str | None) -> Licence:
    """`GPL-3.0-only`, `LGPL-2.1-or-later`; where nothing says `or later`, only that version."""
    if version is None:
        return Licence(f"{kind} (no version)", kind.casefold(), copyleft=True)
    number = version if "." in version else f"{version}.0"
    ending = "or-later" if later and (later == "+" or "later" in later) else "only"
    return Licence(f"{kind}-{number}-{ending}", f"{kind.casefold()}-{number}", copyleft=True)
