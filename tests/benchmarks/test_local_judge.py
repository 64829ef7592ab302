"""The sample that a local judge is tried on is drawn from a seed and read back as it was."""

from pathlib import Path

from benchmark_scripts import benchmark

from harness.plugins import load_plugins
from harness.stages.evaluate import read_source

script = benchmark("local_judge")


def test_a_sample_is_the_same_for_a_seed_and_grows_with_its_size(tmp_path: Path) -> None:
    said = script.write_sample("contrast-sv", None, 5, 0, tmp_path / "small")
    script.write_sample("contrast-sv", None, 8, 0, tmp_path / "large")
    script.write_sample("contrast-sv", None, 5, 1, tmp_path / "other")
    assert said == "5 of 266 items of contrast-sv, seed 0: 10 outputs"
    registry = load_plugins()
    read = {
        name: read_source(registry, registry.parse("judgment source", f"records:{tmp_path / name}"))
        for name in ("small", "large", "other")
    }
    ids = {name: {example.id for example in data.examples} for name, data in read.items()}
    assert ids["small"] < ids["large"]
    assert ids["small"] != ids["other"]
    assert len(read["small"].preferences) == 5
    assert read["small"].info.constructed
