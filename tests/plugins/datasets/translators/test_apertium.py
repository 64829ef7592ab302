"""Apertium translates many texts in one process, each as if alone, with every sign that means something to apertium kept."""

import os
import random
import shutil
import stat
from collections import Counter
from pathlib import Path

import pytest
import sacrebleu
from harness_plugins.datasets.translators.apertium import ApertiumTranslator
from harness_plugins.datasets.translators.base import Translated

from harness.errors import PluginError

SIGNS = "^$/[]{}<>@*\\#+~|&"
WORDS = ["jeg", "Hunden", "løber", "hus", "er", "i dag", "blahblah", "https://a.b/c_d?e=#f", "😀", "你好", "[x]", "{navn}", "$5"]
needs_danish = pytest.mark.skipif(
    not any(Path(folder, "modes", "dan-swe.mode").exists() for folder in ("/usr/share/apertium", "/usr/local/share/apertium"))
    or shutil.which("apertium") is None,
    reason="the program apertium with the pair dan-swe is not installed (apt install apertium apertium-swe-dan)",
)


@needs_danish
class TestDanishToSwedish:
    def test_known_sentences(self) -> None:
        engine = ApertiumTranslator("da", "sv")
        assert engine.pair == "dan-swe"
        assert "pair:dan-swe" in engine.signature
        text = 'Jeg hedder Ole.\n\n- Han sagde: "det går"\t\n'
        assert engine.translate([text, "", " \n"]) == [
            Translated('Jag heter Ole.\n\n- Han sa: "det går"\t\n'),
            Translated(""),
            Translated(" \n"),
        ]

    def test_every_text_becomes_what_it_becomes_alone(self) -> None:
        texts = [f"Hunden {sign} og katten{sign}i dag" for sign in ("^", "\\[", "*@#")] + [SIGNS, "to\nlinjer\x00\ud800her"]
        engine = ApertiumTranslator("da", "sv")
        together = engine.translate(texts)
        assert together == [ApertiumTranslator("da", "sv").translate([text])[0] for text in texts]
        assert together[3] == Translated(SIGNS)
        for text, result in zip(texts, together, strict=True):
            assert result.text is not None
            assert signs(result.text) == signs(text)

    def test_neighbours_change_nothing_and_no_sign_is_lost(self) -> None:
        draw = random.Random(1)
        texts = [
            "".join(
                draw.choice([draw.choice(WORDS), draw.choice(SIGNS), " ", " ", "\n", ".", "  "])
                for _ in range(draw.randint(1, 25))
            )
            for _ in range(250)
        ]
        engine = ApertiumTranslator("da", "sv")
        found = engine.translate(texts)
        shuffled = [*texts[::-1], "Og her er en helt anden tekst ["]
        assert found == engine.translate(shuffled)[-2::-1]
        for text, result in zip(texts, found, strict=True):
            assert result.text is not None
            assert signs(result.text) == signs(text)
            assert result.text.count("\n") == text.count("\n")

    def test_unknown_words_stay_and_are_counted(self) -> None:
        engine = ApertiumTranslator("da", "sv")
        assert engine.translate(["Hunden er sort, blahblah *sort*."]) == [Translated("Hunden är svart, blahblah *svart*.")]
        assert (dict(engine.unknown), engine.words) == ({"blahblah": 1}, 5)

    def test_an_unknown_pair_names_those_there_are(self) -> None:
        with pytest.raises(PluginError, match=r"nb → sv \(such as nob-swe\).*dan-swe"):
            ApertiumTranslator("nb", "sv")
        with pytest.raises(PluginError, match="Did you mean 'dan-swe'"):
            ApertiumTranslator("da", "sv", pair="dan-sve")
        assert ApertiumTranslator("nb", "sv", pair="dan-swe").pair == "dan-swe"

    def test_chrf_on_ntrex_is_what_the_program_gives_by_itself(self, shared_data: Path) -> None:
        # 51.7 for the program on the file of these sentences, and 37.4 for Danish as it is
        danish, swedish = (
            (shared_data / "ntrex-nordic" / "NTREX-128" / f"newstest2019-ref.{name}.txt").read_text().splitlines()[:300]
            for name in ("dan", "swe")
        )
        found = [result.text or "" for result in ApertiumTranslator("da", "sv").translate(danish)]
        assert sacrebleu.corpus_chrf(found, [swedish]).score == pytest.approx(51.7, abs=0.1)


def signs(text: str) -> Counter[str]:
    return Counter(character for character in text if character in SIGNS)


def test_without_the_program_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginError, match="apt install apertium apertium-swe-dan"):
        ApertiumTranslator("da", "sv")


# A stand-in for the program, so that what a broken pipeline does can be seen: it loses segments that hold LOSE,
# and the ends of those that hold TEAR.
PROGRAM = """#!{python}
import sys
if "-l" in sys.argv:
    print("  dan-swe")
elif "-V" in sys.argv:
    print("Apertium 9.9.9")
else:
    texts = sys.stdin.buffer.read().split(b"\\0")[:-1]
    texts = [text.partition(b"TEAR") for text in texts if b"LOSE" not in text]
    said = b"".join(text.upper() + (b"" if torn else after.upper() + b"\\0") for text, torn, after in texts)
    sys.stdout.buffer.write(said + b"\\0\\0")
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import sys

    path = tmp_path / "apertium"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return path


def test_a_segment_that_the_program_loses_shifts_no_other(stand_in: Path) -> None:
    engine = ApertiumTranslator("da", "sv")
    texts = ["a b", "LOSE", "c", "d\nLOSE", "e", "f TEAR", "g", "TEAR", "LOSE h", "i"]
    assert [each.text for each in engine.translate(texts)] == ["A B", None, "C", None, "E", None, "G", None, None, "I"]
    assert engine.translate(["LOSE"]) == [Translated(None, "error")]
    assert "apertium:9.9.9" in engine.signature
