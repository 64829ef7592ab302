"""Small versions of the ROUGE jobs: their scores are compared as in the full ones."""

import pytest
from benchmark_scripts import benchmark

pytest.importorskip("rouge_score")
pytest.importorskip("rouge_score_rs")
script = benchmark("rouge")
JOBS = {job.name: job for job in script.jobs({20: 40, 150: 12}, {20: 40, 150: 4})}


def test_every_variant_and_length_has_a_job():
    assert len(JOBS) == 20
    assert all(any(f"{variant}, {words} words" in name for name in JOBS) for variant in script.RUST for words in (20, 150))


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if "speed alone" not in job.note])
def test_the_peers_scores_are_ours(name):
    job = JOBS[name]
    assert "equal to the last bit" in job.equal(job.ours(), job.peer())


def test_scores_that_differ_are_seen():
    first, second = (JOBS[f"rouge-l, {words} words, nothing repeated, ASCII"] for words in (20, 150))
    with pytest.raises(AssertionError, match="scores differ"):
        first.equal(second.ours(), first.peer())


def test_swedish_words_cut_as_ascii_give_other_scores():
    job = JOBS["rouge-l, 20 words, nothing repeated, Swedish, beside ASCII words"]

    found = job.equal(job.ours(), job.peer())
    assert found.endswith("of 40 equal")
    assert int(found.split()[0]) < 20
