"""Properties that a text has by its letters are told from the text."""

import pytest
from harness_plugins.datasets.translate.letters import letters_lost

LIPOGRAM = (
    "A thin fog drifts south, and our group walks on through dark woods, past a mill, to a port; it is cold, and nobody talks. "
    * 2
)
PANGRAM = "The quick brown fox jumps over the lazy dog."


@pytest.mark.parametrize(
    ("source", "target", "lost"),
    [
        ("Never odd or even", "Aldrig udda eller jämnt", "palindrome"),
        ('Read "Step on no pets" aloud.', 'Läs "Trampa inte på djur" högt.', "palindrome"),
        ("Never odd or even", "Never odd or even", None),
        ("Ha ha ha ha ha ha", "He he he", None),
        (PANGRAM, "Den snabba bruna räven hoppar", "pangram"),
        (PANGRAM, PANGRAM, None),
        (LIPOGRAM, "En tunn dimma driver söderut", "lipogram"),
        (LIPOGRAM, LIPOGRAM, None),
        ("No fog", "Ingen dimma", None),
        ("We sat down by the sea.", "Vi satte oss vid havet.", None),
    ],
)
def test_a_lost_property_is_named(source: str, target: str, lost: str | None) -> None:
    assert letters_lost(source, target, "en") == lost
