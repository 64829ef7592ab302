"""Language identification in batches says what py3langid says, text by text."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from harness.build import languages
from harness.build.languages import LanguageModel, language_model
from harness.describe.languages import primary_language

py3langid = pytest.importorskip("py3langid")


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    found = language_model()
    assert found is not None
    return found


def agrees(model: LanguageModel, texts: list[str]) -> None:
    labels = sorted(set(model.labels))
    columns = [[n for n, label in enumerate(model.labels) if label == name] for name in labels]
    for text, scores in zip(texts, model.scores(texts), strict=True):
        ranked = dict(py3langid.rank(text))
        own, theirs = np.array([scores[some].max() for some in columns]), np.array([ranked[name] for name in labels])
        assert np.allclose(own, theirs, rtol=2e-5, atol=0.02)
        first, second = np.sort(theirs)[[-1, -2]]
        if first - second > 0.1:
            assert own.argmax() == theirs.argmax()


def test_scores_are_those_of_the_package_on_real_sentences_of_four_languages(model: LanguageModel, shared_data: Path) -> None:
    files = sorted((shared_data / "ntrex-nordic" / "NTREX-128").glob("*.txt"))
    assert len(files) >= 4
    draw = random.Random(6)
    agrees(model, [line for file in files for line in draw.sample(file.read_text(encoding="utf-8").splitlines(), 40)])


def test_scores_are_those_of_the_package_on_odd_texts(model: LanguageModel) -> None:
    many = "och " * 3000
    agrees(
        model, ["DET HÄR STÅR I VERSALER OCH ÄR SVENSKA", "日本語の文章です", "🙂🙂 hej", "Привет, как дела?", many, "x" * 5000]
    )


def test_a_text_in_which_the_model_knows_nothing_is_not_judged(model: LanguageModel) -> None:
    looks = model.looks(["a", "Det här är en svensk mening med många ord"], ["sv", "sv"], 5.0)
    assert looks.judged.tolist() == [False, True]


def test_a_text_is_held_against_the_language_it_declares(model: LanguageModel) -> None:
    swedish = "Regeringen lade i går fram ett förslag om höjda skatter på bensin och diesel"
    norwegian = "Regjeringen la i går fram et forslag om høyere avgifter på bensin og diesel"
    looks = model.looks([swedish, swedish, norwegian, norwegian, swedish], ["sv", "en", "nb-NO", "nn", "tlh"], 5.0)
    named = [model.languages[place] for place in looks.likely]
    assert named[:4] == ["sv", "sv", "no", "no"]
    assert looks.ahead[0] == 0
    assert looks.ahead[1] > 50
    assert looks.ahead[2] == looks.ahead[3] == 0
    assert looks.judged.tolist() == [True, True, True, True, False]  # nobody knows Klingon


def test_the_verdict_is_that_of_the_packages_scores_whatever_is_declared(model: LanguageModel, shared_data: Path) -> None:
    """Most scores are never computed, since bounds tell that no language is ahead; nothing may change by that."""
    draw = random.Random(7)
    lines = [
        line[: draw.choice((15, 30, 60, 400))]
        for file in sorted((shared_data / "ntrex-nordic" / "NTREX-128").glob("*.txt"))
        for line in draw.sample(file.read_text(encoding="utf-8").splitlines(), 60)
    ]
    for tag in ("sv", "da", "nb", "en", "zh", "sr"):
        looks = model.looks(lines, [tag] * len(lines), 5.0)
        for text, likely, ahead in zip(lines, looks.likely, looks.ahead, strict=True):
            ranked = [(primary_language(name), score) for name, score in py3langid.rank(text) if name != "zxx"]
            own = max(score for name, score in ranked if name == primary_language(tag))
            (best, top) = ranked[0]
            if abs(top - own - 5.0) > 0.05:
                assert model.languages[likely] == (best if top - own >= 5.0 else primary_language(tag)), text
                assert ahead == pytest.approx(top - own if top - own >= 5.0 else 0.0, abs=0.05)


def test_a_texts_scores_do_not_depend_on_the_texts_beside_it(model: LanguageModel) -> None:
    texts = [f"Mening nummer {n} handlar om {n * 7} saker" for n in range(1500)]
    together = model.scores(texts)
    assert np.array_equal(together[700], model.scores([texts[700]])[0])


def test_norwegian_is_one_language(model: LanguageModel) -> None:
    assert {primary_language(label) for label in ("nn", "nb", "no")} == {"no"}
    assert "no" in model.languages
    assert not re.search("nn|nb", " ".join(model.languages))


def test_without_the_package_there_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "find_spec", lambda name: None)
    assert languages.language_model.__wrapped__() is None
