"""The page's table of bins: words by imageability, as they are and as if they were alike in frequency, length and class."""

from harness.report.contents import DataTable, TableColumn
from harness_plugins.video.probe.analysis import Analysis


def bins_table(analysis: Analysis) -> DataTable:
    """A row a bin of each size and arm."""
    columns = [TableColumn(name=name) for name in ("size", "trained with")]
    numbers = ("from", "to", "mean gain", "low", "high", "alike", "alike, low", "alike, high", "log frequency", "length")
    columns += [TableColumn(name=name, numeric=True, digits=3) for name in numbers]
    columns += [TableColumn(name="words", numeric=True), TableColumn(name="note", sentence=True)]
    rows = []
    for gain in analysis.gains:
        for one in gain.bins:
            even = (None, None, None) if one.alike is None else (one.alike.value, one.alike.low, one.alike.high)
            notes = [one.mean.note, None if one.alike is None else one.alike.note]
            rows.append(
                (
                    gain.size,
                    gain.arm,
                    one.low,
                    one.high,
                    one.mean.value,
                    one.mean.low,
                    one.mean.high,
                    *even,
                    one.frequency,
                    one.length,
                    one.mean.words,
                    "; ".join(dict.fromkeys(note for note in notes if note)) or None,
                )
            )
    return DataTable(
        id="bins-table",
        title="By imageability",
        caption="Bins of equal numbers of words: mean gain in nats, and what it would be if the words of all bins were alike in "
        "frequency, length and class (least squares, robust intervals).",
        columns=tuple(columns),
        rows=tuple(rows),
    )
