"""Ready sets of native text: what is said of absent ones, and that what is pinned is what is read."""

from pathlib import Path

import pytest
from harness_plugins.datasets.native_text.reading import documents, text_source
from harness_plugins.datasets.native_text.sets import DATA, READY
from harness_plugins.datasets.natural.measures import contrast_sources

from harness.data import check_data
from harness.errors import InputError


@pytest.mark.parametrize("name", READY)
def test_every_ready_set_is_a_file_that_is_pinned(name: str):
    files = DATA[READY[name].data]
    assert READY[name].path.removeprefix(f"{files.folder}/") in files.files


@pytest.mark.parametrize("name", DATA)
def test_the_files_at_hand_are_the_pinned_ones(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    assert set(check_data(DATA[name]).values()) == {"ok"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("talbanken", "run `harness data get talbanken`"),
        ("zaragoza-construction-faq", "run `harness data get zaragoza-faq`"),
        ("copyright-finns-inte", r"`apt-get download cfi-sv && .*`harness data get copyright-finns-inte --from cfi/usr/share"),
    ],
)
def test_an_absent_set_is_answered_with_what_to_do(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=message):
        next(documents(text_source(name)))


def test_absent_translated_text_is_answered_likewise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(InputError, match="run `harness data get ntrex`"):
        contrast_sources({"native": ["talbanken"], "translated": ["ntrex-sv"]}, [])
