"""Experiments from their material to their pages, in very small; paraphrases and what becomes of missing ones."""

import json

import numpy as np
import pytest
from harness_plugins.retro.experiments.paraphrases import paraphrased

from harness.errors import InputError, PluginError

DOCUMENTS = [("d/1", "En katt sov.", "sv"), ("d/2", "En hund åt.", "sv"), ("d/3", "Solen sken.", "sv")]


def test_paraphrases_that_are_missing_empty_or_identical_are_counted_and_none_is_made_up(tmp_path):
    table = tmp_path / "p.jsonl"
    rows = [{"source": "En katt sov.", "paraphrase": "Katten låg och sov."}, {"id": "d/2", "paraphrase": " "}]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said, counts = paraphrased(DOCUMENTS, {"table": str(table)}, {}, tmp_path / "kept.jsonl")
    assert said == [("d/1", "Katten låg och sov.", "sv")]
    assert (counts.documents, counts.usable, counts.empty, counts.missing, counts.identical) == (3, 1, 1, 1, 0)
    _, counts = paraphrased(DOCUMENTS, "planted", {"d/3": "Solen sken."}, tmp_path / "kept.jsonl")
    assert counts.identical == 1


def test_a_table_that_cannot_be_read_is_named_with_its_line(tmp_path):
    table = tmp_path / "p.jsonl"
    table.write_text('{"id": "d/1", "paraphrase": "x"}\n{"text": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        paraphrased(DOCUMENTS, {"table": str(table)}, {}, tmp_path / "kept.jsonl")
    with pytest.raises(InputError, match="none of the 3 documents"):
        paraphrased(DOCUMENTS, "planted", {"other": "x"}, tmp_path / "kept.jsonl")


def test_back_translation_goes_through_the_pivot_and_leaves_out_what_has_no_way_back(tmp_path):
    to = {"name": "table", "entries": {"En katt sov.": "A cat slept.", "En hund åt.": "A dog ate."}}
    back = {"name": "table", "entries": {"A cat slept.": "En katt har sovit."}}
    said, counts = paraphrased(DOCUMENTS, {"back": {"pivot": "en", "to": to, "from": back}}, {}, tmp_path / "kept.jsonl")
    assert said == [("d/1", "En katt har sovit.", "sv")]
    assert counts.missing == 2


def test_paraphrases_hold_any_character(tmp_path, monkeypatch):
    odd = "en\u2028katt\u0085sov\x1c"
    table = tmp_path / "p.jsonl"
    table.write_text(json.dumps({"id": "d/1", "paraphrase": odd}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert paraphrased(DOCUMENTS, {"table": str(table)}, {}, tmp_path / "k")[0] == [("d/1", odd, "sv")]
    monkeypatch.setattr("tempfile.r8_paraphraser", lambda texts: [odd] * len(texts), raising=False)
    first = paraphrased(DOCUMENTS, {"own": "tempfile:r8_paraphraser"}, {}, tmp_path / "kept.jsonl")
    assert paraphrased(DOCUMENTS, {"own": "tempfile:r8_paraphraser"}, {}, tmp_path / "kept.jsonl") == first


def test_a_function_that_fails_loses_nothing_of_what_it_said_before(tmp_path, monkeypatch):
    calls = []

    def say(texts):
        calls.append(len(texts))
        if len(calls) == 2:
            raise PluginError("no more")
        return [text.upper() for text in texts]

    monkeypatch.setattr("tempfile.r7_paraphraser", say, raising=False)
    documents = [(f"d/{number}", f"text {number}", "sv") for number in range(100)]
    with pytest.raises(PluginError, match="no more"):
        paraphrased(documents, {"own": "tempfile:r7_paraphraser"}, {}, tmp_path / "kept.jsonl")
    said, _ = paraphrased(documents, {"own": "tempfile:r7_paraphraser"}, {}, tmp_path / "kept.jsonl")
    assert [one[1] for one in said] == [one[1].upper() for one in documents]
    assert calls == [64, 36, 36]


def test_a_chunk_reads_the_place_of_its_documents_paraphrase_that_says_the_next_chunk(tmp_path):
    pytest.importorskip("transformers")
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.tokenizers import trained_tokenizer
    from harness_plugins.retro.database.writing import extend
    from harness_plugins.retro.experiments.arms import aligned

    texts = {"d/1": "ett två tre fyra " * 12, "d/2": "fem sex sju åtta " * 6}
    tokenizer = trained_tokenizer(texts.values(), 300)
    extend(tmp_path / "a", [(id, text, "sv") for id, text in texts.items()], tokenizer, chunk=8)
    extend(tmp_path / "b", [("d/2", texts["d/2"], "sv")], tokenizer, chunk=8)
    corpus, others = Database(tmp_path / "a"), Database(tmp_path / "b")
    found = aligned(corpus, others, 2)
    first, second = (entry.chunks for entry in corpus.entries)
    assert (found[:first] == -1).all()
    assert others.chunks == second
    assert found[first:, 0].tolist() == list(range(second))
    assert found[first:, 1].tolist() == [number + 2 if number + 2 < second else -1 for number in range(second)]


@pytest.mark.slow
def test_an_experiment_runs_goes_on_and_says_what_it_found(tmp_path):
    pytest.importorskip("transformers")
    from harness_plugins.retro.experiments.config import read_experiment
    from harness_plugins.retro.experiments.material import material_of
    from harness_plugins.retro.experiments.page import write_pages
    from harness_plugins.retro.experiments.work import run_experiment

    config = tmp_path / "tiny.yaml"
    config.write_text(
        """kind: paraphrase
seeds: [1]
text: {planted: {families: 30, facts: 4, questions: true, held_out: 0.2}, tokens: 400, chunk: 8, length: 64}
training:
  decoder: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2}
  model: {cross_layers: [2], encoder_width: 16, encoder_heads: 2, encoder_hidden: 32}
  steps: 4
  batch: 4
  evaluate_every: 2
measure: {questions: 3, retrievers: {bm25: {retriever: bm25}}}
""",
        encoding="utf-8",
    )
    experiment = read_experiment(config)
    none = run_experiment(experiment, tmp_path / "out", workers=1, minutes=1e-9)
    assert (none.results, none.left) == ([], 2)
    done = run_experiment(experiment, tmp_path / "out", workers=1)
    assert [(one.arm, one.seed) for one in done.results] == [("natural", 1), ("paraphrased", 1)]
    natural, other = done.results
    assert [look.step for look in natural.looks] == [0, 2, 4]
    assert natural.looks[0] == other.looks[0]  # the same weights before the first step
    assert natural.overlap_trained != other.overlap_trained
    assert natural.looks[1] != other.looks[1]
    assert natural.swapped["bm25"].perplexity == pytest.approx(np.exp(natural.looks[-1].natural), rel=1e-5)
    markdown, _ = write_pages(experiment, material_of(experiment, tmp_path / "out" / "material").facts, done, tmp_path / "out")
    assert "paraphrased" in markdown.read_text("utf-8")
    again = run_experiment(experiment, tmp_path / "out", workers=1)
    assert again.results == done.results
