"""The frozen catalogue of seeded regressions holds what README.md beside it says, and applies to the code that it is about."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_catalogue", Path(__file__).with_name("check_catalogue.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogue = _load()
ENTRIES = catalogue.entries()


@pytest.mark.parametrize(("name", "key", "least"), [(name, *about) for name, about in catalogue.FROZEN.items()])
def test_there_are_enough(name, key, least):
    document = catalogue.read(name)
    assert len(document[key]) >= least
    assert {entry["file"] for entry in document[key]} == set(document["files"])
    assert len(document["commit"]) == 40


def test_names_are_unique():
    names = [entry["name"] for entry in ENTRIES]
    assert len(set(names)) == len(names)


def test_regressions_say_where_they_show():
    for entry in catalogue.read("catalogue.yaml")["regressions"]:
        assert entry["visible"], entry["name"]
        assert entry["names"], entry["name"]
        assert not entry["tried"] or entry["number"]["before"] != entry["number"]["after"], entry["name"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_applies_to_the_frozen_file(entry):
    text = catalogue.frozen_text(entry["file"])
    if text is None:
        pytest.skip(f"{entry['file']} has changed since the catalogue was frozen, and git does not hold it as it was")
    assert list(catalogue.problems(entry, text)) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_applies_to_the_file_as_it_is(entry):
    path = catalogue.ROOT / entry["file"]
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text.count(entry["old"]) != 1:
        pytest.skip(f"{entry['file']} has changed since the catalogue was frozen: {entry['name']} no longer applies to it")
    assert list(catalogue.problems(entry, text)) == []
