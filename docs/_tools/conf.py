"""Sphinx settings of the documentation site: plain Markdown pages, one section a folder, nothing fetched from a network."""

import re
from pathlib import Path
from typing import Any

project = "metaeval-harness"
author = "the authors of metaeval-harness"
copyright = author
extensions = ["myst_parser"]
exclude_patterns = ["_tools"]
suppress_warnings = ["misc.highlighting_failure"]  # blocks that show output are not always of the language they look like
nitpicky = True
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = "metaeval-harness"
html_static_path = ["../assets"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # summaries are fetched from the pages, which a browser refuses to do from the file system
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f4e79", "color-brand-content": "#1f5f9e"},
    "dark_css_variables": {"color-brand-primary": "#9ac7f0", "color-brand-content": "#9ac7f0"},
}
# Folder → the section's heading, in the order in which the site shows them.
SECTIONS = {
    "tutorial": "Tutorial",
    "how-to": "How-to",
    "reference": "Reference",
    "explanation": "Explanation",
    "data": "Data",
    "decisions": "Decisions",
}
_MARK = re.compile(r"^<!-- docs: .* -->\n", re.MULTILINE)


def setup(app: Any) -> dict[str, bool]:
    """Registers the two changes that pages go through on their way into the site."""
    app.connect("source-read", _add_sections)
    app.connect("source-read", _leave_marks_out)
    return {"parallel_read_safe": True}


def _add_sections(app: Any, page: str, source: list[str]) -> None:
    """Puts a table of contents for each folder under the index, so that a new page is found by lying there."""
    if page != "index":
        return
    docs = Path(app.srcdir)
    for folder, title in SECTIONS.items():
        pages = sorted((docs / folder).glob("*.md"), key=lambda file: (file.stem != "index", file.name))
        names = [f"{folder}/{file.stem}" for file in pages]
        names += ["architecture"] if folder == "explanation" and (docs / "architecture.md").is_file() else []
        if names:
            source[0] += "\n".join(["", "", "```{toctree}", ":hidden:", f":caption: {title}", "", *names, "```", ""])


def _leave_marks_out(app: Any, page: str, source: list[str]) -> None:
    """The marks by which the tests know which blocks run are not for readers."""
    source[0] = _MARK.sub("", source[0])
