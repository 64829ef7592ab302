"""Build configs: sections, defaults, and errors that name the line."""

from pathlib import Path

import pytest
import yaml

from harness.build.config import load_build_config, resolved
from harness.build.options import DuplicateOptions
from harness.errors import ConfigError

MINIMAL = "language: sv\nbuilders:\n  - countdown: {n: 3}\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_minimal_config_takes_its_name_from_the_file_and_the_rest_from_the_defaults(tmp_path: Path) -> None:
    config = load_build_config(written(tmp_path, MINIMAL))
    assert (config.name, config.output, config.language) == ("mine", "builds/mine", "sv")
    assert config.builders[0].params == {"n": 3}
    assert config.duplicates == DuplicateOptions()


def test_what_is_resolved_loads_as_the_same_config(tmp_path: Path) -> None:
    config = load_build_config(written(tmp_path, MINIMAL + "duplicates: {near: null}\ncontamination: false\n"))
    assert load_build_config(written(tmp_path, yaml.safe_dump(resolved(config)))) == config
    assert config.duplicates.near is None
    assert not config.contamination.use


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language: sv\n", "builders"),
        ("builders: [countdown]\n", "in which language"),
        (MINIMAL + "filter: {}\n", "line 4.*unknown key 'filter'.*filters"),
        (MINIMAL + "duplicates: {near: 1.5}\n", "line 4.*near is a similarity between"),
        (MINIMAL + "splits: {train: 0.5}\n", "line 4.*sum to 1"),
        (
            MINIMAL + "filters: {min_response: 30, max_response: 3}\n",
            "line 4.*min_response is at least 0 and at most max_response",
        ),
        (MINIMAL + "filters: {repeated: 50}\n", "line 4.*repeated is a share between 0 and 1"),
        (MINIMAL + "languages: {words: -1}\n", "line 4.*words is at least 1"),
        (MINIMAL + "languages: {margin: -100}\n", "line 4.*margin is at least 0 nats"),
        (MINIMAL.replace("sv", "svenska språket"), "line 1.*no language tag"),
        ("language: sv\nbuilders:\n  - countdown: {n: 3}\n  - countdown: {n: 3}\n", "line 4.*twice"),
        ("language: sv\nbuilders:\n  - countdown: 3\n", "line 3.*expected parameters"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_build_config(written(tmp_path, text))
