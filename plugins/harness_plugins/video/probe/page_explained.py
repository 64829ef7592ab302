"""Tables of what explains the gain: the regression, and words matched in frequency and length."""

from typing import Any

from harness.report.contents import DataTable, TableColumn
from harness_plugins.video.probe.analysis import Analysis
from harness_plugins.video.probe.figures import Figure as Number


def numbers(*names: str) -> list[TableColumn]:
    """Columns of numbers, p with more digits."""
    return [TableColumn(name=name, numeric=True, digits=4 if name.split()[-1] == "p" else 3) for name in names]


def cells(one: Number) -> tuple[float | None, float | None, float | None]:
    """A figure and the ends of its interval."""
    return one.value, one.low, one.high


def regression_table(analysis: Analysis) -> DataTable:
    """What each term of the regression adds to the gain."""
    columns = [TableColumn(name=name) for name in ("size", "trained with", "term")]
    columns += [*numbers("coefficient", "low", "high", "p", "standardised"), TableColumn(name="words", numeric=True)]
    columns.append(TableColumn(name="note", sentence=True))
    rows: list[Any] = []
    for gain in analysis.gains:
        found = gain.regression
        for term in found.terms:
            cells = (term.name, term.value, term.low, term.high, term.p, term.standardised, found.words, term.note)
            rows.append((gain.size, gain.arm, *cells))
        if found.notes:
            rows.append((gain.size, gain.arm, "(notes)", *[None] * 5, found.words, "; ".join(found.notes)))
    return DataTable(
        id="regression-table",
        title="Regression",
        caption="Gain on imageability, log frequency, length and word class: change of the gain, in nats, with one unit of each "
        "(a point of the norms, a tenfold frequency, a character), the others held; robust (HC3) intervals.",
        columns=tuple(columns),
        rows=tuple(rows),
    )


def matching_table(analysis: Analysis) -> DataTable:
    """The gain of words easy to picture less that of words hard to picture, before matching and after."""
    columns = [TableColumn(name="size"), TableColumn(name="trained with")]
    columns += numbers("all words, high less low", "matched pairs", "low", "high", "p", "easy to picture", "hard to picture")
    columns += [TableColumn(name="pairs", numeric=True), TableColumn(name="of", numeric=True)]
    columns += [*numbers("frequency apart, before", "after"), TableColumn(name="note", sentence=True)]
    rows = []
    for gain in analysis.gains:
        found = gain.matched
        frequency = next((one for one in found.balance if one.covariate == "frequency"), None)
        rows.append(
            (
                gain.size,
                gain.arm,
                found.unmatched.value,
                *cells(found.difference),
                found.difference.p,
                found.high.value,
                found.low.value,
                len(found.pairs),
                found.out_of,
                None if frequency is None else frequency.before,
                None if frequency is None else frequency.after,
                "; ".join(dict.fromkeys(note for note in (found.difference.note, *found.notes) if note)) or None,
            )
        )
    return DataTable(
        id="matching-table",
        title="Words matched in frequency and length",
        caption="Gain of words of the upper half of imageability less that of the lower half: of all words, and of pairs "
        "alike in frequency and length. Apart: in standard deviations.",
        columns=tuple(columns),
        rows=tuple(rows),
    )


def pairs_table(analysis: Analysis) -> DataTable:
    """The matched words of one gain, at most 200 pairs."""
    gain = next((one for one in analysis.gains if one.arm == "real"), analysis.gains[0])
    columns = [TableColumn(name="easy to picture"), TableColumn(name="hard to picture"), *numbers("gain", "gain of the other")]
    return DataTable(
        id="pairs-table",
        title="The matched words",
        caption=f"Size {gain.size}, trained with {gain.arm}.",
        columns=tuple(columns),
        rows=tuple((one.high, one.low, one.high_value, one.low_value) for one in gain.matched.pairs[:200]),
    )
