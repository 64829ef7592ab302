"""The report as one HTML page that opens offline: `render(report)` gives its text."""

from harness.report.html.page import render

__all__ = ["render"]
