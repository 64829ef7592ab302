"""Small versions of the chrF and BLEU jobs: their scores are compared as in the full ones."""

import pytest
from benchmark_scripts import benchmark

script = benchmark("chrf_bleu")
JOBS = {job.name: job for job in script.jobs({20: 40, 150: 10}, {20: 40, 150: 10})}


def test_each_metric_has_a_job_for_each_length_with_and_without_repeated_references():
    assert len(JOBS) == 12


@pytest.mark.parametrize("name", JOBS)
def test_sacrebleus_scores_are_ours(name):
    job = JOBS[name]
    assert "equal to the last bit" in job.equal(job.ours(), job.peer())


def test_scores_that_differ_are_seen():
    first, second = (JOBS[f"{metric}, 20 words, nothing repeated"] for metric in ("chrF2", "BLEU"))
    with pytest.raises(AssertionError, match="scores differ"):
        first.equal(second.ours(), first.peer())
