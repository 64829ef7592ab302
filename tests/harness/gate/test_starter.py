"""A gate for metrics that have none."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.errors import InputError
from harness.gate import starter
from harness.gate.config import load_gate
from harness.gate.pairs import read_pairs
from harness.gate.starter import write_starter
from harness.registry import PluginRef

REFS = [PluginRef("mine"), PluginRef("chrf", {"word_order": 2})]


def test_the_config_that_is_written_loads_as_it_was_asked_for(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text("", encoding="utf-8")
    written = write_starter(tmp_path, REFS, [str(plugin)])
    config = load_gate(tmp_path / "gate.yaml")
    assert config.metrics == tuple(REFS)
    assert config.plugins == (str(plugin),)
    assert config.baseline == tmp_path / "gate" / "baseline.json"
    assert [tmp_path / "gate.yaml", *config.pairs] == written


def test_the_shipped_pairs_are_copied_or_those_of_some_languages(tmp_path):
    shipped = load_gate("gate/gate.yaml").pairs
    _, *copies = write_starter(tmp_path, REFS, [])
    assert [path.read_bytes() for path in copies] == [path.read_bytes() for path in shipped]
    (tmp_path / "sv").mkdir()
    _, *swedish = write_starter(tmp_path / "sv", REFS, [], ["sv"])
    assert {json.loads(line)["language"] for path in swedish for line in path.read_text(encoding="utf-8").splitlines()} == {"sv"}
    assert read_pairs(swedish[0]).outputs


def test_pairs_of_which_a_text_holds_a_line_separator_are_copied_whole(tmp_path, monkeypatch):
    texts = {"one": "Hej\u2028du\x85där", "two": "Hei\u2029du", "three": "Hej"}
    languages = {"one": "sv", "two": "nb", "three": "sv-FI"}
    pairs = [
        {"id": id, "language": languages[id], "instruction": text, "references": [text], "text": text}
        for id, text in texts.items()
    ]
    lines = [json.dumps(pair, ensure_ascii=False) for pair in pairs]
    shipped = tmp_path / "odd.jsonl"
    shipped.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(starter, "load_gate", lambda path: SimpleNamespace(pairs=(shipped,)))
    _, swedish = write_starter(tmp_path, REFS, [], ["sv"])
    assert swedish.read_bytes().decode() == f"{lines[0]}\n{lines[2]}\n"
    assert {output.id: output.text for output in read_pairs(swedish).outputs} == {"one": texts["one"], "three": "Hej"}


def test_nothing_is_written_over_and_nothing_is_written_by_halves(tmp_path):
    (tmp_path / "gate.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"gate\.yaml is there already"):
        write_starter(tmp_path, REFS, [])
    assert [path.name for path in tmp_path.iterdir()] == ["gate.yaml"]
    with pytest.raises(InputError, match="none of the shipped pairs is in tlh"):
        write_starter(tmp_path / "new", REFS, [], ["tlh"])
    assert not (tmp_path / "new").exists()


def test_an_unknown_metric_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(harness, ["gate", "new", "chrff"])
    assert said.exit_code == 2
    assert "Did you mean 'chrf'?" in said.output
    assert not list(tmp_path.iterdir())
