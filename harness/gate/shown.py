"""Moved pairs as a person reads them: answer beside reference with what differs marked, in a terminal and as Markdown."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.gate.baseline import Value
from harness.gate.explain import Explained, MovedPair

LONGEST = 600  # characters of a text that are shown
_FEW = 4  # numbers of which also those that did not move are shown
_MARKS = range(0x300, 0x370)  # combining accents: å may be one character or two, and looks the same
Paint = Callable[[str, str], str]  # (text, "only-answer" or "only-reference") → the text, marked


def terminal(explained: Sequence[Explained], versions: Mapping[str, tuple[str, str | None]]) -> Iterator[str]:
    """Lines for a terminal: what only the answer has is green within {+ +}, what only the reference has is red within [- -]."""
    yield from map(_unsteering, _terminal(explained, versions))


def _terminal(explained: Sequence[Explained], versions: Mapping[str, tuple[str, str | None]]) -> Iterator[str]:
    for one in explained:
        yield f"{visible(one.metric)}: {_outcome(one)}"
        yield from (f"  {visible(line)}" for line in _about(one))
        for place, pair in enumerate(one.pairs, 1):
            reference, answer = beside(pair, _coloured)
            yield ""
            yield f"  {place}. {visible(pair.pair)}, of {visible(pair.set)}"
            yield f"     scores:    {visible('; '.join(_moves(pair)))}"
            if one.what == "pairs":
                yield f"     asked:     {visible(_short(pair.instruction)) or '(nothing)'}"
                yield f"     reference: {reference}"
                yield f"     answer:    {answer}"
            elif pair.hypotheses:
                yield f"     reply:     {answer}"
        yield ""
    yield from _hint(versions, any(one.moved for one in explained))


def markdown(explained: Sequence[Explained], versions: Mapping[str, tuple[str, str | None]]) -> Iterator[str]:
    """Lines of Markdown without HTML: what only the answer has is bold, what only the reference has is struck out."""
    for one in explained:
        yield f"## {_escaped(one.metric)}"
        yield ""
        yield f"{_escaped(_outcome(one))}."
        yield ""
        for line in _about(one):
            yield f"- {_escaped(line)}"
        for place, pair in enumerate(one.pairs, 1):
            reference, answer = beside(pair, _bold, _escaped)
            yield ""
            yield f"### {place}. {_escaped(pair.pair)}, of {_escaped(pair.set)}"
            yield ""
            yield from (f"- {_escaped(move)}" for move in _moves(pair))
            if one.what == "pairs":
                yield f"- asked: {_escaped(visible(_short(pair.instruction)))}"
                yield f"- reference: {reference}"
                yield f"- answer: {answer}"
            elif pair.hypotheses:
                yield f"- reply: {answer}"
        yield ""
    yield from _hint(versions, any(one.moved for one in explained))


def beside(pair: MovedPair, paint: Paint, clean: Callable[[str], str] = lambda text: text) -> tuple[str, str]:
    """The nearest reference and the answer, word by word, what differs painted; long texts from shortly before they differ."""
    answer = pair.hypotheses[0] if pair.hypotheses else ""
    others = list(pair.hypotheses[1:])  # a metric that compares outputs
    known = others or list(pair.references)
    if not known:
        return "(none)", clean(visible(_short(answer)))
    reference = max(known, key=lambda text: _alike(text, answer))
    start = _first_difference(reference, answer)
    left, right = ([visible(word) for word in _words(_short(text, start))] for text in (reference, answer))
    before, after = [], []
    for kind, one, two, three, four in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        gone, come = "".join(left[one:two]), "".join(right[three:four])
        if kind == "equal":
            before.append(clean(gone))
            after.append(clean(come))
            continue
        if gone:
            before.append(paint(clean(gone), "only-reference"))
        if come:
            after.append(paint(clean(come), "only-answer"))
    more = f" (nearest of {len(known)})" if len(known) > 1 else ""
    return ("".join(before) or "(blank)") + more, "".join(after) or "(blank)"


def visible(text: str) -> str:
    """The text in one line, with what cannot be seen, or could steer a terminal or a runner of CI, as ⟨U+0301⟩."""
    return _unsteering("".join("⏎" if char == "\n" else f"⟨U+{ord(char):04X}⟩" if _hidden(char) else char for char in text))


def _unsteering(line: str) -> str:
    return line.replace("##[", "##⟨U+005B⟩")  # GitHub's runner takes ##[command] anywhere in a line


def _hidden(char: str) -> bool:
    if char == " ":
        return False
    return ord(char) in _MARKS or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")


def _outcome(one: Explained) -> str:
    if one.signature is None:
        return "could not be asked"
    if one.signature_before is None:
        return "not in the baseline"
    if not one.moved:
        return f"{one.of} {one.what} {'score' if one.what == 'pairs' else 'are'} as in the baseline"
    moved = "scores moved on" if one.what == "pairs" else "moved:"
    return f"{moved} {one.moved} of {one.of} {one.what}"


def _about(one: Explained) -> Iterator[str]:
    if one.signature and one.signature_before:
        if one.signature == one.signature_before:
            yield f"signature as in the baseline: {one.signature}"
        else:
            yield f"signature was {one.signature_before}"
            yield f"signature is  {one.signature}"
    yield from one.causes
    yield from one.unknown
    if one.moved > len(one.pairs) and one.pairs:
        yield f"the {len(one.pairs)} that moved most (--pairs {one.moved} shows all):"


def _moves(pair: MovedPair) -> Iterator[str]:
    """`f1 0.5 → 0.75 (+0.25)` for every component."""
    width = max(len(pair.before), len(pair.now))
    rows = zip(*(_padded(values, width) for values in (pair.components, pair.before, pair.now)), strict=True)
    for component, before, now in rows:
        name = "score" if component is None else str(component)
        if before == now:
            if width <= _FEW:
                yield f"{name} {_told(before)} as before"
        elif isinstance(before, (int, float)) and isinstance(now, (int, float)):
            yield f"{name} {_told(before)} → {_told(now)} ({now - before:+.4g})"
        else:
            yield f"{name} {_told(before)} → {_told(now)}"


def _padded(values: Sequence[Value], width: int) -> list[Value]:
    return [*values, *[None] * (width - len(values))]


def _told(value: Value) -> str:
    if isinstance(value, str):
        return f"no score ({value})"
    return "no score" if value is None else f"{value:.6g}"


def _hint(versions: Mapping[str, tuple[str, str | None]], moved: bool) -> Iterator[str]:
    if not versions:
        return
    told = ", ".join(f"{name} {then} → {now or 'not installed'}" for name, (then, now) in versions.items())
    yield f"Other versions than when the baseline was approved: {told}."
    if moved:
        yield f"`harness gate explain METRIC --bisect {next(iter(versions))}` looks for the version that moved a metric."


def _coloured(text: str, side: str) -> str:
    import click

    marks, colour = (("{+", "+}"), "green") if side == "only-answer" else (("[-", "-]"), "red")
    return click.style(f"{marks[0]}{text}{marks[1]}", fg=colour)


def _bold(text: str, side: str) -> str:
    stripped = text.strip()
    if not stripped:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    mark = "**" if side == "only-answer" else "~~"
    return f"{lead}{mark}{stripped}{mark}{tail}"


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)


def _short(text: str, start: int = 0) -> str:
    """At most LONGEST characters, from a little before `start`."""
    begin = max(0, start - LONGEST // 4) if len(text) > LONGEST else 0
    kept = text[begin : begin + LONGEST]
    rest = len(text) - begin - len(kept)
    return ("… " if begin else "") + kept + (f" … ({rest:,} more characters)" if rest else "")


def _first_difference(one: str, other: str) -> int:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one[:LONGEST], other[:LONGEST], autojunk=False).ratio()


def _escaped(text: str) -> str:
    """The text so that nothing in it is Markdown or HTML."""
    line = " ".join(visible(text).split("\n")).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{char}" if char in "\\`*_{}[]#|~" else char for char in line)
