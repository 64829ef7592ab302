"""The script that trains with video on a GPU: sequences of one length with and without video, as many targets, and it runs."""

import pytest

torch = pytest.importorskip("torch", reason="needs metaeval-harness[video]")
pytest.importorskip("transformers", reason="needs metaeval-harness[video]")

from benchmark_scripts import benchmark  # noqa: E402


@pytest.fixture(scope="module")
def script():
    return benchmark("gpu_video")


def test_text_alone_is_as_long_and_learns_as_much(script):
    assert script.BASE.length == 512
    rows, text = (masked(script, shape) for shape in (script.TINY, script.TINY.without_video()))
    assert {len(row.tokens) for row in (*rows, *text)} == {script.TINY.length}
    learned = [sum(row.learned for row in some) / len(some) for some in (rows, text)]
    assert learned[0] == pytest.approx(0.15 * 14, rel=0.1)
    assert learned[1] == pytest.approx(learned[0], rel=0.1)


def masked(script, shape):
    drawn = script.material(shape, 0.0).drawn
    return [row for step in range(30) for row in drawn(range(8), step)]


def test_it_runs_with_and_without_video_and_goes_on_exactly(script, capsys):
    device = torch.device("cpu")
    found = script.run(script.TINY, script.Setting(4), 1, device)
    assert (found.failure, found.speed > 0, found.each > 0) == ("", True, True)
    text = script.run(script.TINY.without_video(), script.Setting(4), 1, device)
    assert text.each > 0
    script.goes_on(script.TINY, script.Setting(8), device)
    assert "stopped behind step 2 and gone on: losses differ by 0 at most, weights by 0" in capsys.readouterr().out
