"""The CSV files of a report: one a figure, formulas made text, the same bytes for the same report."""

import csv
import io
import zipfile

from judgment_sets import Sheet
from reports import report_of

from harness.report.sheets import archive


def files(report):
    with zipfile.ZipFile(io.BytesIO(archive(report))) as held:
        return {name: list(csv.DictReader(io.StringIO(held.read(name).decode(), newline=""))) for name in held.namelist()}


def small():
    sheet = Sheet()
    for item in range(20):
        for system in ("=1+1", "b"):
            sheet.answer(f"i{item}", system, float(item % 3), text="-svar", m=float(item % 2) if system == "b" else 0.5)
    return sheet


def test_every_figure_has_a_file_and_numbers_stay_numbers():
    report = report_of(small())
    found = files(report)
    assert {"accuracy-1.csv", "table-tests.csv", "systems-1.csv", "ratings-1.csv", "table-accuracies.csv"} <= set(found)
    row = next(row for row in found["accuracy-1.csv"] if row["metric"] == "m" and row["statistic"] == "raw")
    assert (row["slice"], row["kind"], row["items"], row["pairs"]) == ("all", "metric", "20", "20")
    assert float(row["low"]) <= float(row["value"]) <= float(row["high"])


def test_texts_that_a_spreadsheet_would_compute_are_guarded():
    found = files(report_of(small()))
    assert {row["system"] for row in found["systems-1.csv"]} == {"'=1+1", "b"}
    risky = [cell for rows in found.values() for row in rows for cell in row.values() if cell and cell[0] in "=+@\t\r"]
    assert risky == []


def test_the_archive_is_the_same_for_the_same_report():
    assert archive(report_of(small())) == archive(report_of(small()))
