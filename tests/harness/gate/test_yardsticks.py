"""The jobs that a cost is measured beside: what they do must not change, or every baseline would mean something else."""

import pytest

from harness.gate.yardsticks import yardsticks


def test_the_text_job_does_what_it_always_did() -> None:
    assert yardsticks()["text"]() == 528


def test_the_job_on_arrays_does_what_it_always_did() -> None:
    assert yardsticks()["arrays"]() == pytest.approx(-16.548, rel=1e-3)
