"""Rows through a translator, many at a time: protected, translated, checked, repaired; a problem for each that stays broken."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from harness_plugins.datasets.instructions.rows import OUTPUT, Row, is_output
from harness_plugins.datasets.translate.agree import (
    agrees,
    answer_terms,
    common_stem,
    defined_terms,
    delimited,
    noun_like,
    quoted_links,
    shared_words,
)
from harness_plugins.datasets.translate.checks import Problem, difference_problem, language_problem, options_problem, row_problem
from harness_plugins.datasets.translate.protect import Languages, Masked, between, has_words, phrase
from harness_plugins.datasets.translate.work import Work
from harness_plugins.datasets.translators.base import Translated, Translator

# How a piece is asked for until it comes back whole: (are numbers, names and markup masked, too?, form of the mask).
ATTEMPTS = ((False, 0), (True, 0), (True, 1), (True, 2))
_TOGETHER = 6_000  # characters of a row that are still asked for in one call
_SHORT = 4  # words of an input that is a term of its own


class Engines(NamedTuple):
    """`tables`: translations by hand, looked up first, unmasked; `main`: translates the rest, if there is anything else."""

    tables: Sequence[Translator]
    main: Translator | None


class Outcome(NamedTuple):
    """A row with its translated texts, or with the problem that it was set aside for."""

    work: Work
    texts: dict[str, str]
    problem: Problem | None


def translate_rows(
    rows: Sequence[Row], engines: Engines, languages: Languages, *, together: bool = True, attempts: int = len(ATTEMPTS)
) -> list[Outcome]:
    """One outcome a row, in order, which does not depend on the others. `attempts`: how often a piece is asked for at most."""
    works = [Work.of(row, languages) for row in rows]
    for table in engines.tables:
        _look_up(works, table)
    if engines.main is not None:
        ask = engines.main.translate
        _link(works, {place: quoted_links(work.open_texts(), work.kept()) for place, work in enumerate(works)}, ask)
        if together and engines.main.unit == "text":
            _ask_together(works, ask)
        _ask_apart(works, ask, attempts)
        _agree(works, ask, attempts)
    return [_outcome(work) for work in works]


def together_text(work: Work) -> tuple[list[str], list[Masked], str] | None:
    """The row's pieces, masked, as one text with a line for each; None where there is one piece only, or too much."""
    pieces = work.waiting()
    masks = [work.mask(piece, False, 0) for piece in pieces]
    text = "\n".join(mask.text for mask in masks)
    if len(pieces) < 2 or len(text) > _TOGETHER or len({mask.form for mask in masks}) > 1 or text.count("\n") != len(masks) - 1:
        return None
    return pieces, masks, text


def _look_up(works: Sequence[Work], table: Translator) -> None:
    """Whole fields as they are, and then their pieces."""
    wanted = [(work, name) for work in works for name in work.row.texts if name not in work.given]
    for (work, name), found in zip(wanted, table.translate([work.row.texts[name] for work, name in wanted]), strict=True):
        if found.text is not None:
            work.given[name] = found.text
    pieces = [(work, piece) for work in works for piece in work.waiting()]
    for (work, piece), found in zip(pieces, table.translate([piece for _, piece in pieces]), strict=True):
        if found.text is not None:
            work.done[piece] = found.text
        else:
            work.failed[piece] = found.reason or "not-in-table"


Ask = Callable[[Sequence[str]], list[Translated]]


def _ask_together(works: Sequence[Work], ask: Ask) -> None:
    """One call a row, so that what its fields share is seen together."""
    asked = [(work, found) for work in works if (found := together_text(work)) is not None]
    for (work, (pieces, masks, _)), answer in zip(asked, ask([found[2] for _, found in asked]), strict=True):
        lines = (answer.text or "").strip("\n").split("\n")
        if answer.text is None or len(lines) != len(pieces):
            continue
        # A mask belongs to its line: numbers start anew in each, so that one that moved to another line is noticed.
        taken = [work.take(piece, mask, line, None) for piece, mask, line in zip(pieces, masks, lines, strict=True)]
        work.together = all(taken)


def _ask_apart(works: Sequence[Work], ask: Ask, attempts: int) -> None:
    """Piece by piece, in ways that an engine finds ever harder to break; what is left is put together round its masks."""
    for number, (strict, form) in enumerate(ATTEMPTS[:attempts]):
        asked: list[tuple[Work, str, Masked]] = []
        for work in works:
            waiting = work.waiting()
            if number and not all(_is_repairable(work.failed.get(piece)) for piece in waiting):
                continue  # the row is lost, whatever its other pieces become
            for piece in waiting:
                why = work.failed.get(piece)
                mask = work.mask(piece, strict, form)
                if strict and (why is None or (mask.values == work.mask(piece, False, form).values and form == 0)):
                    continue
                asked.append((work, piece, mask))
        for (work, piece, mask), answer in zip(asked, ask([mask.text for _, _, mask in asked]), strict=True):
            why = work.failed.get(piece)
            if work.take(piece, mask, answer.text, answer.reason) and strict and why is not None:
                work.repaired[f"masked: {why}"] = None
    _ask_between(works, ask)


def _is_repairable(why: str | None) -> bool:
    """Whether other masks may help: not where the translator itself had no answer."""
    return why is not None and (why == "placeholder-lost" or why.endswith("-changed"))


def _ask_between(works: Sequence[Work], ask: Ask) -> None:
    asked: list[tuple[Work, str, list[tuple[str, bool]]]] = []
    for work in works:
        for piece in work.waiting():
            cut = between(piece, work.spans(piece, strict=True))
            if len(cut) > 1 and _is_repairable(work.failed.get(piece)):
                asked.append((work, piece, cut))
    texts = [text.strip() for _, _, cut in asked for text, is_open in cut if is_open and has_words(text)]
    answers = iter(ask(texts))
    for work, piece, cut in asked:
        made: list[str] | None = []
        for text, is_open in cut:
            if not is_open or not has_words(text):
                found: str | None = text
            else:
                answer = next(answers).text
                start = text.index(text.strip())
                found = None if answer is None else text[:start] + answer.strip() + text[start + len(text.strip()) :]
            made = None if made is None or found is None else [*made, found]
        why = work.failed.get(piece)
        if made is not None and work.take(
            piece, Masked("".join(text for text, is_open in cut if is_open), 0, ()), "".join(made), None
        ):
            work.repaired[f"put together: {why}"] = None


def _link(works: Sequence[Work], links: Mapping[int, Sequence], ask: Ask) -> None:  # type: ignore[type-arg]
    """Gives every phrase that a row's fields share its one translation: its own, or itself."""
    wanted = [(place, link.term) for place, found in links.items() for link in found if not link.verbatim]
    shown = [_as_written(works[place], term) for place, term in wanted]
    for (place, term), source, answer in zip(wanted, shown, ask(shown), strict=True):
        becomes = _plain(source, answer.text)
        if becomes is not None:
            works[place].forget({term: becomes})
            works[place].repaired[f"one translation: {source}"] = None
    for place, found in links.items():
        for link in found:
            if link.verbatim:
                works[place].forget({link.term: _as_written(works[place], link.term)})


def _agree(works: Sequence[Work], ask: Ask, attempts: int) -> None:
    """Finds phrases that came out differently in two fields, and translates the row again with one translation for them."""
    from harness_plugins.datasets.translate.agree import Link

    words = {place: _shared(work) for place, work in enumerate(works) if not work.together and not work.waiting()}
    flat = [(place, word) for place, found in words.items() for word in found]
    alone = dict(zip(flat, ask([word for _, word in flat]), strict=True))
    links: dict[int, list[Link]] = {}
    for place, work in enumerate(works):
        if work.waiting():
            continue
        found = [Link(term.casefold(), kept) for term, kept in _broken_answers(work)]
        for word in words.get(place, ()):
            if _differs(work, word, alone[place, word].text):
                found.append(Link(word, False))
        if found:
            links[place] = found
    if not links:
        return
    _link(works, links, ask)
    _ask_apart([works[place] for place in links], ask, attempts)


def _shared(work: Work) -> list[str]:
    fields = {name: text for name, text in work.open_texts().items() if name not in work.given}
    nouns = [word for word in shared_words(fields) if noun_like(fields.values(), word, work.languages.source)]
    return [word for word in dict.fromkeys([*defined_terms(fields), *nouns]) if word not in work.terms]


def _differs(work: Work, word: str, alone: str | None) -> bool:
    """Whether a word became one thing in one field and another in the next."""
    if alone is None or not alone.strip() or alone.strip().casefold() == word:
        return False  # a word that alone comes back as it was tells nothing
    texts = [work.text(name) for name, text in work.open_texts().items() if phrase(word).search(text)]
    held = [agrees(text, alone, False) for text in texts]
    if all(held):
        return False
    return any(held) or not common_stem(texts)


def _broken_answers(work: Work) -> list[tuple[str, bool]]:
    """Terms of the answer that stood in what is asked and, translated, do not; with True those that are to stay as they are."""
    found: list[tuple[str, bool]] = []
    source = {name: text for name, text in work.row.texts.items() if not is_output(name)}
    asked, now = "\n".join(source.values()), "\n".join(work.text(name) for name in source)
    answer = work.text(OUTPUT)
    for term, becomes in _pairs(answer_terms(source, work.row.texts[OUTPUT]), work.row.texts[OUTPUT], answer):
        if term.casefold() not in work.terms and not agrees(now, becomes, delimited(asked, term)):
            found.append((term, phrase(term).search(now) is not None))
    given = work.row.texts.get("input", "").strip()
    short = given.strip(".?!")
    shared = 0 < len(given.split()) <= _SHORT and phrase(short).search(work.row.texts[OUTPUT])
    if shared and given.casefold() not in work.terms and not agrees(answer, work.text("input"), False):
        found.append((short, False))
    return found


def _pairs(terms: Sequence[str], source: str, target: str) -> list[tuple[str, str]]:
    """Each term of an answer with what it became: the whole answer, or the item at the same place of the list."""
    import re

    if len(terms) == 1 and len(terms[0]) >= len(source.strip(" .!?\"'“”\n")):
        return [(terms[0], target)]
    items, became = (re.split(r"[\n,;]|\s->\s|:\s", text) for text in (source, target))
    if len(items) != len(became):
        return []
    at = {item.strip(" .-*•\n").casefold(): other.strip(" .-*•\n") for item, other in zip(items, became, strict=True)}
    return [(term, at[term.casefold()]) for term in terms if term.casefold() in at]


def _as_written(work: Work, term: str) -> str:
    """The term in the case of its first occurrence."""
    for text in work.row.texts.values():
        match = phrase(term).search(text)
        if match:
            return match[0]
    return term


def _plain(source: str, answer: str | None) -> str | None:
    """A term's translation, without the full stop that some engines add; None where it is no term."""
    if answer is None:
        return None
    text = answer.strip()
    if not source.endswith((".", "!", "?")):
        text = text.rstrip(".")
    return text if text and "\n" not in text and len(text) <= 4 * len(source) + 20 else None


def _outcome(work: Work) -> Outcome:
    waiting = work.waiting()
    texts = work.texts()
    if waiting:
        why = work.failed.get(waiting[0], "error")
        return Outcome(work, texts, Problem(why, f"no translation of {waiting[0][:120]!r}"))
    languages = (work.languages.source, work.languages.target)
    problem = row_problem(work.row.texts, texts, languages) or language_problem(work.prose(), languages)
    problem = problem or difference_problem(work.done) or options_problem(work.done)
    for items in work.items():
        problem = problem or difference_problem(items, 1)
    if problem is None:
        broken = _broken_answers(work)
        if broken:
            problem = Problem("term-disagrees", f"{broken[0][0]!r} of the answer is no longer in what is asked")
    return Outcome(work, texts, problem)
