"""Captions as JSON Lines: a wrong line is named by its number, the key and what stands there."""

import pytest
from harness_plugins.video.captions.cues import Cue
from harness_plugins.video.captions.json_lines import read_json_lines

GOOD = '{"start": 0, "end": 1, "text": "bra"}'


@pytest.mark.parametrize(
    ("line", "reason", "says"),
    [
        ('{"start": "0", "end": 1, "text": "x"}', "wrong-time", "start is '0'"),
        ('{"start": true, "end": 1, "text": "x"}', "wrong-time", "start is True"),
        ('{"start": 0, "end": null, "text": "x"}', "wrong-keys", "end is missing"),
        ('{"start": 0, "text": "x"}', "wrong-keys", "end is missing"),
        ('{"text": "x"}', "wrong-keys", "start and end are missing"),
        ('{"start": 0, "end": 1, "text": 5}', "wrong-keys", "text is 5"),
        ('{"start": 0, "end": 1, "text": "x", "speaker": 5}', "wrong-keys", "speaker is 5"),
        ('{"start": -1, "end": 1, "text": "x"}', "wrong-time", "start is -1"),
        ('{"start": 0, "end": 1e300, "text": "x"}', "wrong-time", "end is 1e+300"),
        ('{"start": 0, "end": 1' + "0" * 400 + ', "text": "x"}', "wrong-time", "end is"),
        ('{"start": 1, "end": 1, "text": "x"}', "no-duration", "starts and ends at 1 s"),
        ('{"start": 2, "end": 1, "text": "x"}', "ends-before-start", "ends at 1 s"),
        ('{"start": 0, "end": 1, "text": "  "}', "no-text", "nothing is written"),
        ('{"start": NaN, "end": 1, "text": "x"}', "no-json", "NaN"),
        ('{"start": 0, "end": Infinity, "text": "x"}', "no-json", "Infinity"),
        ('[0, 1, "x"]', "wrong-keys", "an object"),
        ('{"start": 0, "en', "no-json", ""),
        ("[" * 100_000, "no-json", ""),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_read(line, reason, says):
    first, wrong, last = read_json_lines([GOOD, line, '{"start": 3, "end": 4, "text": "också"}'])
    assert isinstance(first, Cue)
    assert isinstance(last, Cue)
    assert (wrong.line, wrong.reason) == (2, reason)
    assert says in wrong.detail
    assert len(wrong.detail) < 250


def test_times_as_clocks_other_keys_speakers_and_lines():
    line = '{"start": "00:00:01.500", "end": "1:02", "text": "ett\\r\\n två ", "speaker": " Anna ", "score": 1}'
    assert list(read_json_lines(["", line, " "])) == [Cue(1.5, 62.0, "ett\ntvå", 2, "Anna")]
