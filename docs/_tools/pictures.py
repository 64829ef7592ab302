"""Makes the pictures of README and documentation from real reports: python docs/_tools/pictures.py GEC_SV_RUN CONTRAST_SV_RUN

Each is a part of a report's page as Chromium draws it. Texts of gec-sv stay out of them: its licence is not this project's.
"""

import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).resolve().parent.parent / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main(rated: str, constructed: str) -> None:
    """Writes the pictures to docs/pictures: the top of a report in light and dark, its figures in light."""
    OUT.mkdir(exist_ok=True)
    program = os.environ.get("HARNESS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        for theme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1280, "height": 1180}, color_scheme=theme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto((Path(rated).resolve() / "report.html").as_uri())
            page.screenshot(path=OUT / f"report-{theme}.png")
            if theme == "light":
                for name in ("dot-plot", "line-plot", "rating-plot"):
                    figure(page, name, OUT / f"{name}.png")
                page.goto((Path(constructed).resolve() / "report.html").as_uri())
                for name in ("heat-map", "disagreements"):
                    figure(page, name, OUT / f"{name}.png")
        browser.close()
    for path in OUT.glob("*.png"):  # 64 colours are enough for text and lines, and a third of the bytes
        Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def figure(page: Page, kind: str, path: Path) -> None:
    """The first figure of that kind, no higher than a screen and a half."""
    box = page.locator(f"figure.{kind}").first.bounding_box()
    assert box is not None, kind
    clip = {"x": box["x"] - 8, "y": box["y"], "width": box["width"] + 16, "height": min(box["height"], 1500)}
    page.screenshot(path=path, clip=clip, full_page=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
