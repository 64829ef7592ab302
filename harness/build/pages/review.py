"""The review page as one self-contained HTML file."""

from markupsafe import Markup

from harness.build.pages.card import HERE, page_styles
from harness.build.review_contents import ReviewPage
from harness.report.html.page import behaviour, environment, policy


def review_html(page: ReviewPage) -> str:
    """The page's text: every row can be read without the script, which filters them and keeps marks."""
    css = page_styles() + (HERE / "static" / "review.css").read_text(encoding="utf-8")
    script = behaviour() + (HERE / "static" / "review.js").read_text(encoding="utf-8")
    return (
        environment(HERE / "templates")
        .get_template("review.html")
        .render(
            page=page,
            builders=list(dict.fromkeys(entry.builder for entry in page.entries)),
            splits=sorted({entry.split for entry in page.entries} - {""}),
            reasons=sorted({entry.reason for entry in page.entries} - {""}),
            css=Markup(css),
            script=Markup(script),
            policy=policy(css, script),
        )
    )
