"""The benchmark of training with video holds two sides together that read as much and learn as many words."""

import pytest

pytest.importorskip("torch", reason="needs metaeval-harness[video]")
pytest.importorskip("transformers", reason="needs metaeval-harness[video]")

from benchmark_scripts import benchmark


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    found = benchmark("video_training")
    for name, number in (("ROWS", 2), ("WORDS", 100), ("CODES", 16), ("FRAMES", 2), ("LENGTH", 56)):
        monkeypatch.setattr(found, name, number)
    return found


def test_both_sides_read_as_many_vectors_and_the_losses_of_text_are_equal(script):
    ours, theirs = script.our_steps(script.TEXT, script.FRAMES)(), script.their_steps()()
    assert (ours, theirs) == (2 * 56, 2 * 56)
    assert script.compared(ours, theirs).startswith("2 × 56 vectors a step on both sides")
    with pytest.raises(AssertionError, match="112 and 111 vectors"):
        script.compared(112, 111)


def test_as_many_words_are_masked_in_a_text_alone_as_beside_video(script):
    beside, alone = script.masked(32, 2), script.masked(56, 0)
    counts = [sum(row.text_learned for step in range(200) for row in rows.drawn(range(2), step)) for rows in (beside, alone)]
    assert counts[0] / 400 == pytest.approx(4.5, abs=0.1)
    assert counts[1] / 400 == pytest.approx(4.5, abs=0.1)


def test_every_job_is_there_with_a_peer(script):
    assert [job.at_least for job in script.jobs()] == [1.0, None, 1.0]
