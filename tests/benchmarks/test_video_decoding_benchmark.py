"""What `benchmarks/video_decoding.py` times is the same work on both sides, in small."""

import pytest
from benchmark_scripts import benchmark


def test_a_small_run(tmp_path):
    script = benchmark("video_decoding")
    found = script.jobs(tmp_path, made_frames=30, clips=("carphone_distorted",))
    assert len(found) == 6
    assert [job.at_least for job in found] == 2 * [0.9, None, None]
    for job in found:
        assert "each of the last frame by then" in job.equal(job.ours(), job.peer())
    with pytest.raises(AssertionError):
        found[0].equal([(time, since + 0.04) for time, since in found[0].ours()], found[0].peer())
