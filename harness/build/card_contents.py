"""What a data card holds, as data: tables and words as in a report, bars, code, rows of the data set. Texts are plain text."""

import msgspec

from harness.report.contents import DataTable, Words


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Panel(_Part, frozen=True, kw_only=True):
    """One histogram: how many rows lie in each bin, from the lowest; `summary` says its n and quantiles in words."""

    label: str
    bins: tuple[tuple[str, int], ...]
    summary: str


class Bars(_Part, frozen=True, kw_only=True):
    """Histograms with the same bins."""

    id: str
    title: str
    caption: str
    panels: tuple[Panel, ...]


class Field(_Part, frozen=True, kw_only=True):
    """A text of a row with its name and, where known, its language tag."""

    name: str
    text: str
    language: str | None = None


class Shown(_Part, frozen=True, kw_only=True):
    """A row of the data set, or one that was removed (`note` says why)."""

    id: str
    label: str
    fields: tuple[Field, ...]
    note: str = ""


class Rows(_Part, frozen=True, kw_only=True):
    """Rows to be read."""

    id: str
    title: str
    caption: str
    rows: tuple[Shown, ...]


class Code(_Part, frozen=True, kw_only=True):
    """A text in a fixed-width face."""

    id: str
    title: str
    text: str
    language: str


Block = Words | DataTable | Bars | Rows | Code


class CardSection(_Part, frozen=True, kw_only=True):
    """A heading with its blocks; `lead` says in a sentence what to look for."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    lead: str = ""


class Card(_Part, frozen=True, kw_only=True):
    """A data card: what the set is in a few sentences, what to know before using it, then the sections."""

    title: str
    subtitle: str
    answer: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[CardSection, ...]
