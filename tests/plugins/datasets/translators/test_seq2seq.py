"""Models of four families translate, in batches as alone, told their languages as each family wants it. The models are tiny."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[translate]")
pytest.importorskip("torch", reason="needs metaeval-harness[translate]")
pytest.importorskip("sentencepiece", reason="needs metaeval-harness[translate]")

import tiny_seq2seq as tiny
from harness_plugins.datasets.translators.base import Translated, translator
from harness_plugins.datasets.translators.seq2seq import Seq2SeqTranslator

from harness.errors import PluginError

FAMILIES = ("marian", "m2m100", "nllb", "madlad")
TEXTS = [
    "Hello world. How are you?\n\n- Write a story about a dog.\n1. List them!",
    "Hej",
    "",
    " ***\n",
    "The cat </s> and <pad> __da__ dan_Latn >>dan<< the dog.",
    ">>dan<< Give three tips.",
    *tiny.SENTENCES[:4],
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import torch

    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("models")
    made = {family: getattr(tiny, family)(home / family) for family in FAMILIES}
    return {**made, "marian-multi": tiny.marian(home / "marian-multi", languages=("dan", "swe"))}


def built(folder: Path, **params: Any) -> Seq2SeqTranslator:
    made = translator({"name": "seq2seq", "model": str(folder), "beams": 1, **params}, "en", "sv")
    assert isinstance(made, Seq2SeqTranslator)
    return made


def source_tokens(engine: Seq2SeqTranslator, text: str) -> list[str]:
    tokens: list[str] = engine._tokenizer.convert_ids_to_tokens(engine._encode(text))
    return tokens


@pytest.mark.parametrize("family", [*FAMILIES, "marian-multi"])
def test_a_batch_says_what_each_text_says_alone(folders: dict[str, Path], family: str) -> None:
    engine = built(folders[family])
    found = engine.translate(TEXTS)
    assert found == [engine.translate([text])[0] for text in TEXTS]
    assert found[2:4] == [Translated(""), Translated(" ***\n")]
    assert len({each.text for each in found if each.text}) > 3  # they do differ


def test_beams_keep_the_order_too(folders: dict[str, Path]) -> None:
    engine = built(folders["nllb"], beams=3)
    assert engine.translate(TEXTS[:6])[::-1] == engine.translate(TEXTS[5::-1])


def test_the_source_begins_with_what_the_family_wants(folders: dict[str, Path]) -> None:
    begins = {family: source_tokens(built(folder), "Hej")[0] for family, folder in folders.items()}
    assert begins == {"marian": "▁He", "marian-multi": ">>swe<<", "m2m100": "__en__", "nllb": "eng_Latn", "madlad": "<2sv>"}
    for family, folder in folders.items():
        assert source_tokens(built(folder), "Hej")[-1] == "</s>", family


@pytest.mark.parametrize(("family", "code"), [("m2m100", "__sv__"), ("nllb", "swe_Latn")])
def test_the_translation_begins_with_its_language(
    folders: dict[str, Path], family: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = built(folders[family])
    generate = engine._model.generate
    rows: list[list[int]] = []

    def watched(**arguments: Any) -> Any:
        written = generate(**arguments)
        rows.extend(written.tolist())
        return written

    monkeypatch.setattr(engine._model, "generate", watched)
    (found,) = engine.translate(["Hello world, how are you today?"])
    assert [engine._tokenizer.convert_ids_to_tokens(row[1]) for row in rows] == [code]
    assert code not in (found.text or "")


@pytest.mark.parametrize("family", FAMILIES)
def test_marks_of_the_vocabulary_in_a_text_are_letters(folders: dict[str, Path], family: str) -> None:
    engine = built(folders[family])
    plain = engine._encode("cat a dog")
    marked = source_tokens(engine, "cat </s> __da__ dan_Latn dog")
    assert len(marked) > len(plain)
    assert marked.count("</s>") == 1
    assert not {"__da__", "dan_Latn"} & {*marked}


def test_languages_that_the_model_lacks_are_told(folders: dict[str, Path]) -> None:
    with pytest.raises(PluginError, match=r"knows no language 'fi'.*dan, swe"):
        translator({"name": "seq2seq", "model": str(folders["marian-multi"])}, "en", "fi")
    with pytest.raises(PluginError, match=r"knows no language 'swe_Lat'.*Did you mean 'swe_Latn'"):
        built(folders["nllb"], target_code="swe_Lat")
    assert "codes:eng_Latn>nob_Latn" in built(folders["nllb"], target_code="nob_Latn").signature
    with pytest.raises(PluginError, match="leave out target_code"):
        built(folders["marian"], target_code="swe")


def test_what_does_not_come_to_an_end_is_cut_off_alone_as_in_a_batch(folders: dict[str, Path]) -> None:
    short, long = "Hej", "Det var en gång en kung som bodde i ett slott i skogen."
    wide = built(folders["marian"], unit="text")
    narrow = built(folders["marian"], unit="text", max_ratio=0.01)  # 16 tokens, and one
    (written,) = wide._write([wide._encode(long)], 90)
    assert written.ended
    cut = len(written.ids) > 17
    assert narrow.translate([long, short])[0].reason == ("cut-off" if cut else None)

    def endless(inputs: list[list[int]], limit: int) -> list[Any]:
        return [each._replace(ended=False) for each in type(narrow)._write(narrow, inputs, limit)]

    narrow._write = endless  # type: ignore[method-assign]
    assert narrow.translate([f"{short}\n{long}"]) == [Translated(None, "cut-off")]


def test_long_lines_are_cut_into_sentences_and_joined(folders: dict[str, Path]) -> None:
    line = " ".join(tiny.SENTENCES)
    by_text, by_sentence = built(folders["marian"], unit="text"), built(folders["marian"])
    assert len(by_text._encode(line)) > 96  # the positions of the model
    assert by_text.translate([f"- {line}\n"]) == by_sentence.translate([f"- {line}\n"])
    pieces = [by_sentence.translate([sentence])[0].text for sentence in tiny.SENTENCES]
    assert None not in pieces
    assert by_text.translate([line])[0].text == " ".join(map(str, pieces)).replace("  List", " List")


def test_a_sentence_that_is_too_long_by_itself_has_no_translation(folders: dict[str, Path]) -> None:
    engine = built(folders["marian"])
    assert engine.translate(["och " * 200, "Hej"])[0] == Translated(None, "too-long")


def test_short_lines_are_translated_whole_where_the_unit_is_text(folders: dict[str, Path]) -> None:
    engine = built(folders["nllb"], unit="text")
    whole = engine._encode("Hej du. Hur mår du?")
    seen: list[list[int]] = []
    write = engine._write

    def watched(inputs: list[list[int]], limit: int) -> list[Any]:
        seen.extend(inputs)
        return write(inputs, limit)

    engine._write = watched  # type: ignore[method-assign]
    engine.translate(["Hej du. Hur mår du?", "Hej du. Hur mår du?"])
    assert seen == [whole]


def test_pickled_weights_and_other_models_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "marian"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(PluginError, match="pickled"):
        built(tmp_path)
    with pytest.raises(PluginError, match="there is no such folder"):
        built(tmp_path / "nowhere")
    other = tmp_path / "bart"
    other.mkdir()
    for path in folders["nllb"].iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "model_type": "bart"}))
    with pytest.raises(PluginError, match=r"'bart'.*marian"):
        built(other)


def test_the_signature_changes_with_what_changes_the_words(folders: dict[str, Path]) -> None:
    changed = [{}, {"beams": 2}, {"max_ratio": 3}, {"unit": "text"}, {"dtype": "bfloat16"}, {"target_code": "dan_Latn"}]
    made = [built(folders["nllb"], **params).signature for params in changed]
    assert len({*made}) == len(made)
    assert made[0] == built(folders["nllb"], batch_tokens=100).signature


@pytest.mark.parametrize("params", [{"beams": 0}, {"unit": "word"}, {"dtype": "int8"}, {"max_ratio": "x"}, {"batch_tokens": 1.5}])
def test_parameters_that_cannot_be_meant_are_told(folders: dict[str, Path], params: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match=next(iter(params))):
        built(folders["marian"], **params)
