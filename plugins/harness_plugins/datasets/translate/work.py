"""One row on its way through a translator: its pieces, what is protected in them, and what has come back."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from harness_plugins.datasets.instructions.rows import Row
from harness_plugins.datasets.translate.checks import piece_problem
from harness_plugins.datasets.translate.pieces import KEYED, Part, cut, joined
from harness_plugins.datasets.translate.protect import Languages, Masked, Span, between, has_words, masked, protected, unmasked
from harness_plugins.datasets.translate.protect_context import code_words, literals_in
from harness_plugins.datasets.translate.protect_names import names_in
from harness_plugins.datasets.translate.protect_units import bare_units

_DATA = ("input", "output")  # fields that can be a file


@dataclass
class Work:
    """A row's texts in parts. `done`: piece → translation, so that equal pieces of a row become the same; `failed`: piece → why.

    `terms`: phrases (in lower case) that become the same wherever they stand.
    `literals`: strings that stay, in this case only; `coded`: words of the row's program text.
    `together`: one call saw all of the row. `known`: spans by piece.
    """

    row: Row
    languages: Languages
    parts: dict[str, list[Part]]
    names: frozenset[str]
    given: dict[str, str] = field(default_factory=dict)
    literals: frozenset[str] = frozenset()
    coded: frozenset[str] = frozenset()
    terms: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    repaired: dict[str, None] = field(default_factory=dict)
    together: bool = False
    known: dict[tuple[str, bool], list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row, languages: Languages) -> "Work":
        """The row, cut up; nothing is translated yet."""
        keyed = any(KEYED.search(text) for text in row.texts.values())
        parts = {name: cut(text, keyed and name in _DATA) for name, text in row.texts.items()}
        made = cls(row, languages, parts, frozenset(), terms=bare_units(row.texts.values(), *languages))
        made.names = names_in(made.open_texts().values(), languages.source)
        made.literals = literals_in(made.open_texts().values(), made.kept())
        made.coded = code_words(made.kept())
        return made

    def pieces(self, fields: Iterable[str] | None = None) -> Iterator[str]:
        """The pieces that are to be translated, in order, each once; not those of fields that a table gives."""
        wanted = self.parts if fields is None else fields
        yield from dict.fromkeys(
            part.text for name in wanted if name not in self.given for part in self.parts[name] if part.kind != "keep"
        )

    def open_texts(self) -> dict[str, str]:
        """The fields without program text and data."""
        return {name: "\n".join(part.text for part in parts if part.kind != "keep") for name, parts in self.parts.items()}

    def kept(self) -> str:
        """What of the row is no prose: program text, data."""
        return "\n".join(
            part.text for parts in self.parts.values() for part in parts if part.kind == "keep" and has_words(part.text)
        )

    def waiting(self) -> list[str]:
        """The pieces without a translation. What has no words of its own (a formula, a link) is done at once."""
        open_: list[str] = []
        for piece in self.pieces():
            if piece in self.done:
                continue
            spans = self.spans(piece)
            if any(has_words(text) for text, is_open in between(piece, spans) if is_open):
                open_.append(piece)
            else:
                self.done[piece] = "".join(text for text, _ in between(piece, spans))
        return open_

    def spans(self, piece: str, strict: bool = False) -> list[Span]:
        """What is protected in the piece."""
        found = self.known.get((piece, strict))
        if found is None:
            found = protected(
                piece,
                self.languages,
                strict=strict,
                names=self.names,
                terms=self.terms,
                literals=self.literals,
                coded=self.coded,
            )
            self.known[piece, strict] = found
        return found

    def mask(self, piece: str, strict: bool, form: int) -> Masked:
        """The piece as a translator gets it."""
        return masked(piece, self.spans(piece, strict), form)

    def take(self, piece: str, mask: Masked, answer: str | None, why: str | None) -> bool:
        """Keeps the translation of a piece, or notes why it is none."""
        if answer is None:
            self.failed[piece] = why or "error"
            return False
        text = unmasked(answer.strip(), mask)
        if text is None:
            self.failed[piece] = "placeholder-lost"
            return False
        wanted = "".join(part for part, _ in between(piece, self.spans(piece)))
        problem = piece_problem(wanted, text, self.names, self.languages, masked=mask.text)
        if problem is not None:
            self.failed[piece] = f"{problem}-changed"
            return False
        self.done[piece] = text
        self.failed.pop(piece, None)
        return True

    def forget(self, terms: Mapping[str, str]) -> None:
        """Takes more terms in, and drops the translations of the pieces in which they stand."""
        self.terms.update(terms)
        self.known.clear()
        for piece in list(self.done):
            if any(span.kind == "term" for span in self.spans(piece)):
                del self.done[piece]

    def text(self, name: str) -> str:
        """A field's translation; a piece that has none stays as it was."""
        if name in self.given:
            return self.given[name]
        return joined(
            [part if part.kind == "keep" else Part(self.done.get(part.text, part.text), part.kind) for part in self.parts[name]]
        )

    def texts(self) -> dict[str, str]:
        """All fields' translations."""
        return {name: self.text(name) for name in self.row.texts}

    def prose(self) -> dict[str, tuple[str, str]]:
        """Each field's source and translation without what is protected, for looking at their languages."""
        shown: dict[str, tuple[str, str]] = {}
        for name in self.parts:
            if name in self.given:
                continue
            source, target = [], []
            for part in self.parts[name]:
                if part.kind == "keep":
                    continue
                spans = self.spans(part.text)
                source += [text for text, is_open in between(part.text, spans) if is_open]
                done = self.done.get(part.text, "")
                for span in spans:
                    done = done.replace(span.becomes, " ", 1)
                target.append(done)
            shown[name] = (" ".join(source), " ".join(target))
        return shown

    def items(self) -> list[dict[str, str]]:
        """The items of each field's lists, with what they became."""
        found: list[dict[str, str]] = []
        for name, parts in self.parts.items():
            items = [part.text for before, part in pairwise(parts) if part.kind == "text" and before.text.strip()]
            found.append({item: self.done[item] for item in items if name not in self.given and item in self.done})
        return found

    def protected_kinds(self) -> dict[str, int]:
        """How many spans of each kind were protected; program text counts by the line."""
        counts: Counter[str] = Counter()
        for name in self.parts:
            if name in self.given:
                continue
            for part in self.parts[name]:
                if part.kind == "keep":
                    counts["code-or-data"] += has_words(part.text)
                else:
                    counts.update(span.kind for span in self.spans(part.text))
        return {kind: count for kind, count in sorted(counts.items()) if count}
