"""The chrF of translators on sentences whose score is known."""

from pathlib import Path

import pytest
import sacrebleu
from benchmark_scripts import benchmark

REFERENCES = [f"Det här är mening nummer {number} i dokumentet." for number in range(24)]


def test_the_interval_is_over_documents_and_holds_the_score() -> None:
    script = benchmark("translators")
    found = [text if number % 4 else "Något helt annat." for number, text in enumerate(REFERENCES)]
    documents = [f"d{number // 2}" for number in range(24)]
    chrf, low, high = script.interval(found, REFERENCES, documents)
    assert chrf == pytest.approx(sacrebleu.corpus_chrf(found, [REFERENCES]).score)
    assert low < chrf < high
    assert script.interval(REFERENCES, REFERENCES, documents) == (100.0, 100.0, 100.0)
    assert script.interval(found, REFERENCES, ["one"] * 24)[1:] == (None, None)


def test_the_table_of_ntrex_gives_100_and_the_source_less(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    script = benchmark("translators")
    corpus = script.read(shared_data / script.FOLDER, 60)
    assert len({*corpus.documents}) > 1
    english, swedish = (shared_data / script.FOLDER / "NTREX-128" / f"{script.FILES[tag]}.txt" for tag in ("en", "sv"))
    value = {"name": "table", "source_file": str(english), "target_file": str(swedish)}
    whole = script.scored("table", value, "en", corpus, range(60))
    raw = script.scored("untranslated", None, "da", corpus, range(60))
    assert (whole.chrf, whole.answered, raw.answered) == (pytest.approx(100), 60, 60)
    assert raw.chrf < 50
    assert "| table | en→sv | 100.0 |" in script.table([whole, raw])


def test_what_cannot_be_had_is_a_row_that_says_so(shared_data: Path) -> None:
    script = benchmark("translators")
    corpus = script.read(shared_data / script.FOLDER, 3)
    row = script.scored("apertium", {"name": "apertium", "pair": "xxx-yyy"}, "da", corpus, range(3))
    assert (row.sentences, row.note[:8]) == (0, "not here")
    assert script.figures([row]) == []
