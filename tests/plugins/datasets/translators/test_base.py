"""A translator is found by its name, and what it does not take is named."""

from pathlib import Path

import pytest
from harness_plugins.datasets.translators.base import NAMES, Translated, Translator, translator

from harness.errors import PluginError

SHOUTING = """
from harness_plugins.datasets.translators.base import Translated

class Shouting:
    signature, unit = "shouting|v:1", "text"

    def __init__(self, source, target, marks=1):
        self.marks = marks

    def translate(self, texts):
        return [Translated(text.upper() + "!" * self.marks) for text in texts]
"""


def test_a_name_or_a_mapping_makes_a_translator() -> None:
    made = translator({"name": "table", "entries": {"hej": "hello"}}, "sv", "en")
    assert isinstance(made, Translator)
    assert made.translate(["hej"]) == [Translated("hello")]


def test_ones_own_class_is_named_by_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting_engine.py").write_text(SHOUTING)
    monkeypatch.syspath_prepend(tmp_path)
    made = translator({"name": "shouting_engine:Shouting", "marks": 2}, "sv", "en")
    assert made.translate(["hej"]) == [Translated("HEJ!!")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("apertiumm", "Did you mean 'apertium'"),
        ({"entries": {}}, "`name:`"),
        ({"name": "table", "fil": "x"}, "Did you mean 'file'"),
        ({"name": "seq2seq"}, "model"),
        ("collections:OrderedDict", "lacks|unexpected"),
        ("no.such.module:X", "cannot be loaded"),
    ],
)
def test_what_cannot_be_meant_is_told(value: object, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        translator(value, "da", "sv")  # type: ignore[arg-type]


def test_every_name_leads_to_a_class() -> None:
    from importlib import import_module

    for where in NAMES.values():
        module, _, name = where.partition(":")
        assert callable(getattr(import_module(module), name).translate)
