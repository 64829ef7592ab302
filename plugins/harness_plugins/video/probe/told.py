"""What an analysis says in sentences: the answer of its page, and what a reader must know before trusting it."""

from collections.abc import Iterator

from harness_plugins.video.probe.analysis import Analysis, BetweenSizes, Gain, Reliance
from harness_plugins.video.probe.config import ONE_SIZE
from harness_plugins.video.probe.figures import Figure
from harness_plugins.video.probe.statistics import Bin
from harness_plugins.video.probe.verdict import ALPHA

_NATS = " nats a word"
FEW = 20  # words below which intervals are called rough
NAMED = 20  # words of a kind that are named
_BUT: dict[str, str] = {  # what is said with a correlation that the other analyses do not bear out, by their verdict
    "nothing left": "but not beyond what frequency and length explain",
    "turned": "but the other way where frequency and length are held alike",
    "apart": "but not in every analysis that holds frequency and length alike",
    "alone": "frequency and length are not ruled out",
}


def answer(analysis: Analysis) -> Iterator[str]:
    """The sentences of the answer, the most useful first."""
    for gain in analysis.gains:
        yield _gain(gain)
    for gain in analysis.gains:
        if gain.arm == "real":
            yield f"{_of(gain.size)}{gain.verdict.said}"
    for reliance in analysis.reliances:
        if reliance.removed == "none":
            yield _reliance(reliance)
    for between in analysis.between:
        if between.what in ("gain", "reliance (none)"):
            yield _between(between)


def warnings(analysis: Analysis) -> Iterator[str]:
    """What to know before trusting it."""
    yield from analysis.notes
    if analysis.words < FEW:
        yield f"only {_words(analysis.words)} of the norms could be probed: intervals and tests over words are rough"
    if analysis.unread:
        yield f"{analysis.unread} of {analysis.occurrences} occurrences lie behind the end of what models read: not asked"
    if analysis.unknown:
        some = ", ".join(list(analysis.unknown)[:NAMED]) + (" …" if len(analysis.unknown) > NAMED else "")
        yield (
            f"{sum(analysis.unknown.values())} of {analysis.occurrences} occurrences are of words that the models' tokenizer "
            f"does not know: not asked ({len(analysis.unknown)} words: {some})"
        )
    seeds = {len(gain.seeds) for gain in analysis.gains}
    if seeds == {1}:
        yield "one seed only: how much of this is the seed is not known"
    yield "intervals are over words (statistics: by), for these models; what differs between seeds stands in the table of seeds"


def figure(one: Figure, digits: int = 2, *, p: bool = True, unit: str = "") -> str:
    """`0.52 nats [0.41 0.60], p = .001`, or why it is not defined."""
    if one.value is None:
        return f"not defined ({one.note})" if one.note else "not defined"
    ends = "" if one.low is None or one.high is None else f" [{shown(one.low, digits)} {shown(one.high, digits)}]"
    test = f", p = {one.p:.2g}" if p and one.p is not None else ""
    return f"{shown(one.value, digits)}{unit}{ends}{test}"


def shown(value: float, digits: int = 2) -> str:
    """`0.52`, `−0.52`; never a zero with a sign."""
    text = f"{value:.{digits}f}"
    return (text if text.strip("-0.") else text.lstrip("-")).replace("-", "−")


def ends(bins: tuple[Bin, ...]) -> tuple[Bin, Bin] | None:
    """The bins of the words that are hardest and easiest to picture; None where there is one bin alone."""
    return (bins[0], bins[-1]) if len(bins) > 1 else None


def _gain(gain: Gain) -> str:
    arm = "video" if gain.arm == "real" else f"control {gain.arm}"
    who = arm.capitalize() if gain.size == ONE_SIZE else f"Size {gain.size}, {arm}"
    rho = gain.spearman
    if rho.value is None:
        grows = f"whether gain grows with imageability is not defined ({rho.note})"
    elif rho.p is not None and rho.p < ALPHA:
        verb = "grows with" if rho.value > 0 else "falls with"
        if gain.verdict.kind in _BUT:
            verb = f"{verb.removesuffix(' with')} ({_BUT[gain.verdict.kind]}) with"
        grows = f"gain {verb} imageability: rho {figure(rho)} over {rho.words} words"
    elif rho.words < FEW:
        grows = f"{_words(rho.words)} cannot tell whether gain goes with imageability: rho {figure(rho)}"
    else:
        grows = f"that gain goes with imageability was not shown: rho {figure(rho)} over {rho.words} words"
    said = f"{who}: {grows}; mean gain {figure(gain.mean, unit=_NATS)}"
    two = ends(gain.bins)
    if two is not None and None not in (two[0].mean.low, two[1].mean.low):
        said += "; " + " and ".join(
            f"{figure(one.mean)} for the {_words(one.mean.words)} of imageability {_span(one)}" for one in two
        )
    return f"{said}."


def _reliance(one: Reliance) -> str:
    said = (
        f"{_of(one.size)}removing the video when the model is asked costs {figure(one.mean, unit=_NATS)} (reliance), rho with "
        f"imageability {figure(one.spearman)}."
    )
    return said[0].upper() + said[1:] if one.size == ONE_SIZE else said


def _of(size: str) -> str:
    return "" if size == ONE_SIZE else f"Size {size}: "


def _between(one: BetweenSizes) -> str:
    how = "no difference was shown"
    if one.mean.value is not None and one.mean.p is not None and one.mean.p < ALPHA:
        how = f"{one.larger} has {'more' if one.mean.value > 0 else 'less'}"
    what = "gain" if one.what == "gain" else "reliance on the video"
    return f"{what[:1].upper()}{what[1:]}, {one.larger} less {one.smaller}: {figure(one.mean, unit=_NATS)} ({how})."


def _words(count: int) -> str:
    return f"{count} word" if count == 1 else f"{count} words"


def _span(one: Bin) -> str:
    return f"{one.low:g}" if one.low == one.high else f"{one.low:g} to {one.high:g}"
