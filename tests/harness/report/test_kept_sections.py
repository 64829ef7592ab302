"""Sections that analyses leave for a run's report: kept whole, checked, shown escaped, and never a failure of the report."""

from base64 import b64encode

import msgspec
import pytest
from browser import chromium
from harness_plugins.video.probe.beside import png
from html_page import parse
from judgment_sets import Sheet
from numpy import full, uint8
from reports import evaluation
from sample_report import sample_report

from harness.errors import InputError
from harness.records import Manifest
from harness.report.analysis_contents import Bin, Gallery, GalleryEntry, Picture, Point, Scatter, ScatterPanel
from harness.report.build import build_report
from harness.report.contents import Section
from harness.report.html import render
from harness.report.html.figures import sections
from harness.report.kept_sections import FOLDER, kept_sections, leave_section
from harness.report.markdown import markdown
from harness.report.sheets import sheets
from harness.report.texts import cleaned

PNG = b64encode(png(full((4, 6, 3), 200, uint8))).decode()
PICTURE = Picture(data=PNG, kind="image/png", said="a grey frame", width=6, height=4)
SCATTER = Scatter(
    id="cloud",
    title="Gain",
    caption="c",
    x_label="imageability",
    y_label="gain",
    neutral=0.0,
    panels=(
        ScatterPanel(
            label="small",
            points=(Point(x=1.0, y=0.5, label="röd"), Point(x=7.0, y=float("nan"))),
            bins=(Bin(x=1.0, value=0.5, low=0.25, high=0.75, n=3), Bin(x=7.0, value=None)),
            summary="rho 0.50",
        ),
    ),
)
GALLERY = Gallery(
    id="pictures",
    title="Beside frames",
    caption="c",
    entries=(
        GalleryEntry(title="röd", pictures=(PICTURE,), before="en ", marked="röd", after=" ring", language="sv", facts=("f",)),
    ),
)
KNOWN = msgspec.structs.replace(SCATTER, panels=(msgspec.structs.replace(SCATTER.panels[0], points=(Point(x=1.0, y=0.5),)),))
SECTION = Section(id="probe", title="Probe", figures=(KNOWN, GALLERY), lead="l")


def test_a_section_is_read_as_it_was_left_and_a_later_one_of_the_name_takes_its_place(tmp_path):
    leave_section(tmp_path, "probe", Section(id="old", title="Old", figures=()))
    path = leave_section(tmp_path, "probe", SECTION, ("few words",))
    assert path == tmp_path / FOLDER / "probe.json"
    leave_section(tmp_path, "a-first", Section(id="first", title="First", figures=()))
    found, warnings = kept_sections(tmp_path)
    assert [one.id for one in found] == ["first", "probe"]
    assert msgspec.to_builtins(found[1])["figures"][1]["entries"][0]["pictures"][0]["data"] == PNG
    assert warnings == ["Probe: few words"]


def test_a_run_without_sections_has_none(tmp_path):
    assert kept_sections(tmp_path) == ([], [])


@pytest.mark.parametrize("name", ["../x", "", "A", "a b", "-a", "a" * 80])
def test_a_name_that_is_no_word_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="name of a section"):
        leave_section(tmp_path, name, SECTION)
    assert not (tmp_path / FOLDER).exists()


def test_a_section_that_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="nan"):
        leave_section(tmp_path, "probe", Section(id="probe", title="Probe", figures=(SCATTER,)))
    assert not (tmp_path / FOLDER).exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        leave_section(tmp_path / "no", "probe", SECTION)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"section": {"id": "a"}, "version": 1}',
        b'{"section": {"id": "a", "title": "t", "figures": []}, "version": 2}',
        b'{"section": {"id": "a", "title": "t", "figures": [{"type": "unheard-of"}]}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_section_is_a_warning_and_the_others_are_shown(tmp_path, damage):
    leave_section(tmp_path, "good", SECTION)
    (tmp_path / FOLDER / "bad.json").write_bytes(damage)
    found, warnings = kept_sections(tmp_path)
    assert [one.id for one in found] == ["probe"]
    assert len(warnings) == 1
    assert "sections/bad.json is damaged" in warnings[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data": "not base64!"}, "base64"),
        ({"data": b64encode(b"<svg onload=x>").decode()}, "are not image/png"),
        ({"kind": "image/svg+xml"}, "image/png or image/jpeg"),
        ({"kind": "image/jpeg"}, "are not image/jpeg"),
        ({"width": -1}, "sides"),
    ],
)
def test_a_picture_that_is_none_is_refused_and_damages_its_section_alone(tmp_path, changed, said):
    fields = {**msgspec.to_builtins(PICTURE), **changed}
    with pytest.raises(ValueError, match=said):
        Picture(**fields)
    leave_section(tmp_path, "probe", SECTION)
    path = tmp_path / FOLDER / "probe.json"
    held = msgspec.json.decode(path.read_bytes())
    held["section"]["figures"][1]["entries"][0]["pictures"][0] = fields
    path.write_bytes(msgspec.json.encode(held))
    found, warnings = kept_sections(tmp_path)
    assert found == []
    assert "damaged" in warnings[0]


def test_the_report_of_a_run_shows_what_was_left_in_its_folder(tmp_path):
    sheet = Sheet()
    for item in range(12):
        sheet.item(f"i{item}", language="sv")
        for place, system in enumerate("abc"):
            sheet.answer(f"i{item}", system, {"bo": float(1 + (place + item) % 3)}, text=system, m=float(place))
    done, chosen = evaluation(sheet)
    manifest = Manifest(command=("harness", "run"), status="done", config={"metaevaluate": msgspec.to_builtins(chosen)})
    leave_section(tmp_path, "probe", SECTION, ("few words",))
    report = build_report(done, manifest, tmp_path)
    assert [one.id for one in report.sections if one.id == "probe"] == ["probe"]
    assert "Probe: few words" in report.warnings
    assert all(one.id != "probe" for one in build_report(done, manifest).sections)


def shown(*figures):
    return msgspec.structs.replace(sample_report(), sections=(msgspec.structs.replace(SECTION, figures=figures),))


def test_pictures_are_in_the_page_and_its_policy_allows_no_others(tmp_path):
    page = parse(render(cleaned(shown(SCATTER, GALLERY))))
    images = [node.attributes for node in page.walk() if node.name == "img"]
    assert images == [{"src": f"data:image/png;base64,{PNG}", "alt": "a grey frame", "width": "6", "height": "4"}]
    policy = next(node.attributes["content"] for node in page.walk() if node.attributes.get("http-equiv"))
    assert "img-src data:" in policy
    without = parse(render(shown(SCATTER)))
    assert "img-src" not in next(node.attributes["content"] for node in without.walk() if node.attributes.get("http-equiv"))


def test_a_browser_draws_the_pictures_and_complains_of_nothing(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(render(shown(SCATTER, GALLERY)), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(file.as_uri())
        assert page.evaluate("[...document.images].map(i => i.naturalWidth)") == [6]
    assert problems == []


def test_points_bins_and_marked_words_stand_in_every_format():
    report = shown(SCATTER, GALLERY)
    text = markdown(report)
    assert "| small | 1.000 | .500 [.250 .750] | 3 | rho 0.50 |" in text
    assert "en **röd** ring" in text
    tables = dict(sheets(report))
    assert tables["cloud"][1][0] == ("small", "bin", 1.0, 0.5, 0.25, 0.75, 3)
    assert tables["pictures"][1] == [("röd", "en röd ring", "röd", "f", None)]
    view = sections(report)[0].figures[0].view
    assert view.points == 2  # type: ignore[attr-defined]
    assert view.neutral == ".000: no effect"  # type: ignore[attr-defined]
