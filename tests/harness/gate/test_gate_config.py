"""The gate's config: what is read, and what is told of a wrong one."""

import pytest

from harness.config import shipped
from harness.errors import ConfigError, InputError
from harness.gate.config import chosen, load_gate
from harness.gate.pairs import read_pairs

GATE = """
metrics: [chrf, {rouge-l: {stemmer: swedish}}, rouge-l]
tolerances: {rouge-l: 1e-6, "rouge-l:stemmer=swedish": 0.5}
pairs: pairs.jsonl
judgments: [contrast-sv, {gec-sv: {optional: true, metrics: [chrf], systems: machine}}]
agreement: {margin: 0.05, inconclusive: strict}
cost: {slower: 4, larger: null}
"""


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        (tmp_path / "pairs.jsonl").write_text('{"id": "1", "language": "sv", "instruction": "x", "references": [], "text": "y"}')
        (tmp_path / "contrast-sv.jsonl").write_text("")
        path = tmp_path / "gate.yaml"
        path.write_text(text)
        return load_gate(path)

    return loaded


def test_everything_that_a_gate_may_say_is_read(load, tmp_path):
    config = load(GATE)
    assert [str(ref) for ref in config.metrics] == ["chrf", "rouge-l:stemmer=swedish", "rouge-l"]
    assert config.baseline == tmp_path / "baseline.json"
    assert config.tolerances == {"rouge-l": 1e-6, "rouge-l:stemmer=swedish": 0.5}
    first, second = config.judgments
    assert (first.label, first.optional, first.metrics) == ("contrast-sv", False, None)
    assert (second.label, second.optional, second.metrics) == ("gec-sv:systems=machine", True, ("chrf",))
    assert (config.agreement.margin, config.agreement.inconclusive, config.cost.slower, config.cost.larger) == (
        0.05,
        "strict",
        4,
        None,
    )
    assert len(read_pairs(config.pairs[0]).outputs) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("metric: [chrf]", "metric"),
        ("metrics: chrf", "expected a list of metrics"),
        ("metrics: [chrf, chrf]", "metric 'chrf' is here twice"),
        ("metrics: [chrf]\ntolerances: {bleu: 1}", "no metric of this gate is called 'bleu'"),
        ("metrics: [chrf]\ntolerances: {chrf: -1}", "expected a number from 0 up"),
        ("metrics: [chrf]\npairs: [pairs.jsonl, ./pairs.jsonl]", "have one name"),
        ("metrics: [chrf]\npairs: contrast-sv.jsonl\njudgments: [contrast-sv]", "a file of pairs is called contrast-sv, too"),
        ("metrics: [chrf]\njudgments: [{contrast-sv: {metrics: [chrff]}}]", "no metric of this gate is called 'chrff'.*chrf"),
        ("metrics: [chrf]\noff_pairs: [chrff]", "no metric of this gate is called 'chrff'.*chrf"),
        ("metrics: [chrf]\noff_pairs: [chrf]", "'chrf' would be asked about nothing"),
        ("metrics: [chrf, bleu]\noff_pairs: [chrf]\njudgments: [{contrast-sv: {metrics: [bleu]}}]", "asked about nothing"),
        ("metrics: [chrf]\noff_pairs: chrf", "expected a list"),
        ("metrics: [chrf]\npairs: none.jsonl", "there is no .*none.jsonl"),
        ("metrics: [chrf]\nagreement: {margin: 2}", "margin must lie from 0 to below 1"),
        ("metrics: [chrf]\nagreement: {inconclusive: maybe}", "inconclusive"),
        ("metrics: [chrf]\ncost: {slower: 1}", "slower must be more than 1"),
        ("metrics: [chrf]\njudgments: [{gec-sv: {optional: perhaps}}]", "optional is true or false"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(load, line, said):
    with pytest.raises(ConfigError, match=rf"gate\.yaml(?s:.*){said}"):
        load(line)


def test_some_of_a_gate_is_chosen_by_label_and_by_name(load):
    config = load(GATE)
    assert [str(ref) for ref in chosen(config, ("rouge-l",)).metrics] == ["rouge-l:stemmer=swedish", "rouge-l"]
    one = chosen(config, ("rouge-l:stemmer=swedish",))
    assert ([str(ref) for ref in one.metrics], one.part) == (["rouge-l:stemmer=swedish"], True)
    assert chosen(config, ()) is config
    with pytest.raises(InputError, match="no metric 'bleu'; there are chrf, rouge-l:stemmer=swedish, rouge-l"):
        chosen(config, ("bleu",))
    with pytest.raises(InputError, match="no metric 'meta'"):
        chosen(config, ("meta",))


def test_without_a_gate_here_only_a_checkout_of_the_program_has_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no gate.yaml in .*: go to the folder that holds it, .*--config"):
        load_gate()
    own = shipped("configs") / "gate" / "gate.yaml"
    assert load_gate("gate/gate.yaml").file == own
    monkeypatch.chdir(own.parent.parent.parent / "tests")
    assert load_gate().file == own
    copy = tmp_path / "configs" / "gate"
    copy.mkdir(parents=True)
    (copy / "gate.yaml").write_text("metrics: [chrf]")
    monkeypatch.chdir(tmp_path)
    assert load_gate().file == copy / "gate.yaml"
    (tmp_path / "gate.yaml").write_text("metrics: [chrf]")
    assert load_gate().file == tmp_path / "gate.yaml"
