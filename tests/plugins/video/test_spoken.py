import pytest
from harness_plugins.video.captions.cues import Cue
from harness_plugins.video.spoken import kinds_of, only_speech, spoken_cues


@pytest.mark.parametrize(
    ("kind", "text", "left"),
    [
        ("sounds", "[DÖRREN SLÅR] Hej!", "Hej!"),
        ("sounds", "(skrattar) Vad roligt!", "Vad roligt!"),
        ("song", "♪ La la la ♪", ""),
        ("song", "Hon sjunger: ♪ la", "Hon sjunger:"),
        ("speakers", "ANNA: Kom hit.", "Kom hit."),
        ("speakers", "Hej. ÅSA 2: Ja!", "Hej. Ja!"),
        ("speakers", "- Hej.\n- Hej då.", "Hej. Hej då."),
        ("speakers", "- Nej – Jo -Anna, kom", "Nej Jo Anna, kom"),
        ("speakers", "– Kommer du – ja, nu? – Ja.", "Kommer du – ja, nu? Ja."),
        ("speakers", "Stockholm – Uppsala", "Stockholm – Uppsala"),
        ("speakers", "Klockan 10: nu.", "Klockan 10: nu."),
        ("speakers", "Anna: kom.", "Anna: kom."),
        ("speakers", "Ett in-och-ut-hopp – ja.", "Ett in-och-ut-hopp – ja."),
    ],
)
def test_what_nobody_speaks_is_left_out_on_request(kind: str, text: str, left: str) -> None:
    assert only_speech(text, [kind]) == left
    assert only_speech(text, []) == text


def test_a_cue_without_a_word_is_empty() -> None:
    cues = [Cue(0, 1, "♪♪", 1), Cue(1, 2, "[SMÄLL]", 2), Cue(2, 3, "7", 3)]
    assert [one.line for one in spoken_cues(cues, [])[1]] == [1]
    kept, empty = spoken_cues(cues, ["sounds"])
    assert ([one.line for one in kept], [one.text for one in empty]) == ([3], ["♪♪", "[SMÄLL]"])


def test_an_unknown_kind_is_refused() -> None:
    assert kinds_of("song") == ("song",)
    with pytest.raises(ValueError, match=r"unknown kind 'sound'. Did you mean 'sounds'"):
        kinds_of(["sound"])
