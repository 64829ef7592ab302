"""A fragment of a document, and the filters that may speak against it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness_plugins.datasets.native_text.documents import Block, BlockKind


@dataclass(frozen=True, slots=True)
class Fragment:
    """A span of a document. `headings`: the document's titles and the headings above it, from the whole to the part; `blocks`:
    what it is made of, spans in the document; `language`: what it is to be in."""

    id: str
    document: str
    headings: tuple[str, ...]
    text: str
    start: int
    end: int
    blocks: tuple[Block, ...] = ()
    language: str = "sv"
    dataset: str = ""
    licence: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())

    def share(self, *kinds: BlockKind) -> float:
        """The share of its characters that stand in blocks of these kinds."""
        whole = sum(block.end - block.start for block in self.blocks)
        return sum(block.end - block.start for block in self.blocks if block.kind in kinds) / whole if whole else 0.0


class Reason(NamedTuple):
    """Why a text is not used: a code in kebab-case, and what was found (never the personal data themselves)."""

    code: str
    detail: str | None = None


Filter = Callable[[Fragment], Reason | None]


def first_reason(fragment: Fragment, filters: Iterable[Filter]) -> Reason | None:
    """What the first of the filters says that says anything."""
    return first_reasons([fragment], filters)[0]


def first_reasons(fragments: Sequence[Fragment], filters: Iterable[Filter]) -> list[Reason | None]:
    """Of each fragment what the first of the filters says that says anything. A filter that costs less for many at once has a
    method `many`, which takes them all."""
    reasons: list[Reason | None] = [None] * len(fragments)
    for one in filters:
        places = [place for place, reason in enumerate(reasons) if reason is None]
        left = [fragments[place] for place in places]
        many = getattr(one, "many", None)
        said = map(one, left) if many is None else many(left)
        for place, reason in zip(places, said, strict=True):
            reasons[place] = reason
    return reasons
