"""Every link of the documentation leads somewhere."""

from pathlib import Path

import pytest
from documents import DOCS, ROOT, anchor, anchors, links, pages


@pytest.mark.parametrize("page", [*pages(), ROOT / "README.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_internal_link_resolves(page: Path) -> None:
    dead = []
    for target in links(page):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, fragment = target.partition("#")
        file = page if not path else (page.parent / path).resolve()
        if not file.exists() or (fragment and file.suffix == ".md" and fragment not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_pages_link_within_docs_so_that_the_site_has_what_they_lead_to() -> None:
    outside = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in links(page)
        if "://" not in target and not (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)
    ]
    assert outside == []


def test_anchors_are_made_as_the_site_makes_them() -> None:
    assert anchor("What it looks at, and *why*") == "what-it-looks-at-and-why"
    assert anchor("`harness_metrics`") == "harness_metrics"
