"""A card's numbers in words: what a terminal and a report print of them."""

from collections.abc import Sequence

from harness.judge_card.contents import Accuracy, Audit, Card, Figure, Finding
from harness.judge_card.estimates import APPROXIMATE

AUDITS: dict[Audit, str] = {
    "verdicts": "Verdicts",
    "repeats": "Repeats",
    "position": "Position",
    "length": "Length",
    "people": "Beside people's ratings",
    "own": "Self-preference",
    "language": "Language",
    "prompts": "Prompts",
    "calibration": "Calibration",
}
_CAME_TO = {"parsed": "read", "unparsed": "unparsed", "refused": "refused", "cut-off": "cut off", "error": "failed"}
_FORMS = {"direct": "ratings", "pair": "verdicts on pairs", "rank": "rankings"}


def title(card: Card) -> str:
    """`gpt-4o@host, naturalness: ratings without reference (llm-judge, direct.sv)`."""
    about = f", {card.criterion}" if card.criterion else ""
    reference = "with the reference" if card.reference else "without reference"
    how = ", ".join([card.signature.partition("|")[0], *card.prompts[:2]])
    return f"{card.judge}{about}: {_FORMS.get(card.form, card.form)} {reference} ({how})"


def counted(card: Card) -> str:
    """`2,128 verdicts`, and where some are none, how many came to what: `40 verdicts: 36 read, 3 refused, 1 cut off`."""
    shares = {one.name: one.value for one in card.findings if one.audit == "verdicts"}
    counts = {said: round((shares.get(name) or 0.0) * card.n_verdicts) for name, said in _CAME_TO.items()}
    counts["not recorded"] = card.n_verdicts - sum(counts.values())
    whole = f"{card.n_verdicts:,} {'verdict' if card.n_verdicts == 1 else 'verdicts'}"
    if counts["read"] == card.n_verdicts:
        return whole
    return f"{whole}: {', '.join(f'{count:,} {said}' for said, count in counts.items() if count or said == 'read')}"


def amount(finding: Finding) -> str:
    """`.716` of a share, `+1.32` points, `25.4` seconds; a dash where there is no number."""
    return figure(finding.value, finding)


def with_ends(finding: Finding) -> str:
    """`+1.32 [+1.10 +1.57]`; the number alone where there is no interval."""
    return f"{amount(finding)} {ends(finding)}".strip()


def ends(finding: Finding) -> str:
    """`[.571 .640]`; nothing where there is no interval."""
    if finding.low is None or finding.high is None:
        return ""
    return f"[{figure(finding.low, finding)} {figure(finding.high, finding)}]"


def figure(value: float | None, finding: Finding) -> str:
    """A number as it is written of this finding: differences with their sign."""
    if value is None:
        return "–"
    if finding.name in ("price", "seconds"):
        return f"{value:,.{_decimals(finding)}f}".removeprefix("0")
    value = round(value, 3) or 0.0  # no minus before a zero
    text = f"{value:+.3f}" if is_difference(finding) and value else f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(float(text)) < 1 else text


def _decimals(finding: Finding) -> int:
    """As many for the number as for the ends of its interval."""
    size = abs(finding.value or 0.0)
    return 0 if size >= 1000 else 1 if size >= 100 else 6 if 0 < size < 0.01 else 3


def is_difference(finding: Finding) -> bool:
    """Whether the number is one minus another, so that its sign matters."""
    return finding.unbiased == 0.0 or "minus" in finding.says


def without_bias(finding: Finding) -> str:
    """`.5` or `.0`; nothing where a judge without a bias may have anything."""
    return "" if finding.unbiased is None else f"{finding.unbiased:.1f}".removeprefix("0")


def at_ratings(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are about one human rating each, which stand in a table of their own."""
    return [one for one in findings if one.rating is not None]


def apart_from_ratings(findings: Sequence[Finding]) -> list[Finding]:
    """The others."""
    return [one for one in findings if one.rating is None]


def not_measurable(card: Card) -> list[str]:
    """A line for each audit and reason why it has no number: `Position, pairs whose …: not measurable, every pair was …`."""
    found: dict[tuple[Audit, str | None, str], str] = {}
    for one in card.findings:
        if one.value is None:
            found.setdefault((one.audit, one.criterion, one.note or ""), one.says)
    said: dict[str, None] = {}
    for (audit, criterion, why), says in found.items():
        about = f" ({criterion})" if criterion else ""
        said[f"{AUDITS[audit]}, {says}{about}: not measurable, {why}"] = None
    return list(said)


def spoken(figure: Figure | None) -> str:
    """`.605 [.571 .640]`; a dash where there is none."""
    if figure is None or figure.value is None:
        return "–"
    parts = [f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}" for value in _ends(figure)]
    return parts[0] if len(parts) == 1 else f"{parts[0]} [{parts[1]} {parts[2]}]"


def kind(one: Accuracy) -> str:
    """What stands behind a metric's name."""
    return "judge" if one.judge else "sentinel" if one.sentinel else "metric"


def _ends(figure: Figure) -> list[float]:
    value = [] if figure.value is None else [figure.value]
    return value if figure.low is None or figure.high is None else [*value, figure.low, figure.high]


def remark(finding: Finding) -> str:
    """The note without what is said once for all: that few clusters make an interval approximate."""
    return "; ".join(part for part in (finding.note or "").split("; ") if part != APPROXIMATE)
