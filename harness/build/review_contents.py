"""What a review page holds: a few rows chosen for a person to read, each beside what it was made from."""

import msgspec

from harness.report.contents import Run


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Passage(_Part, frozen=True, kw_only=True):
    """A text with its name, in runs; `note` stands for a text that the other side repeats letter by letter."""

    name: str
    runs: tuple[Run, ...]
    language: str | None = None
    note: str = ""


class Entry(_Part, frozen=True, kw_only=True):
    """A row to be read: why it is shown (`group`), where it belongs, its texts beside its source, and facts about its making."""

    id: str
    group: str
    builder: str
    split: str
    reason: str = ""  # why it was removed: `stage: reason`
    detail: str = ""
    facts: tuple[str, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    texts: tuple[Passage, ...] = ()
    source: tuple[Passage, ...] = ()
    marked: str = ""  # what marked words are: on `both` sides, or on `one` only
    meta: str = ""  # JSON


class ReviewPage(_Part, frozen=True, kw_only=True):
    """The page: rows in the order in which a person reads them, and what is said before."""

    title: str
    subtitle: str
    warnings: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]  # name, what it is
    entries: tuple[Entry, ...]
