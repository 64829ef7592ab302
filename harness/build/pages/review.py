"""The review page as one self-contained HTML file."""

from harness.build.pages.card import HERE, STYLE
from harness.build.review_contents import ReviewPage
from harness.report.html.page import document


def review_html(page: ReviewPage) -> str:
    """The page's text: every row can be read without the script, which filters them and keeps marks."""
    return document(
        "review.html",
        HERE / "templates",
        css=[STYLE, HERE / "static" / "review.css"],
        script=[HERE / "static" / "review.js"],
        page=page,
        builders=list(dict.fromkeys(entry.builder for entry in page.entries)),
        splits=sorted({entry.split for entry in page.entries} - {""}),
        reasons=sorted({entry.reason for entry in page.entries} - {""}),
    )
