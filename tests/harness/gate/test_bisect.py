"""Which version of a package moved a metric: the search, and the whole way with wheels that lie in a folder."""

import os
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.gate.bisect import Bisected, Tried, bisect, searched, told
from harness.gate.overlays import overlay, released

VERSIONS = [f"1.{minor}" for minor in range(16)]


def asking(states, asked=None):
    """A metric's word on each version out of a table of states, noting who was asked."""

    def ask(version):
        if asked is not None:
            asked.append(version)
        return Tried(version=version, state=states[version], moved=3 * (states[version] == "moved"), of=9)

    return ask


@given(st.integers(1, len(VERSIONS) - 1), st.booleans())
def test_the_first_version_at_which_the_state_changes_is_found_with_few_questions(change, newer):
    low, high = ("as in the baseline", "moved") if newer else ("moved", "as in the baseline")
    states = {version: low if place < change else high for place, version in enumerate(VERSIONS)}
    asked = []
    found = searched("chrf", "lib", VERSIONS, asking(states, asked))
    assert (found.before, found.after) == (VERSIONS[change - 1], VERSIONS[change])
    assert len(asked) == len(set(asked)) <= 6  # the two ends and four halvings of 16
    assert [one.version for one in found.tried] == sorted(asked, key=VERSIONS.index)


@given(st.lists(st.sampled_from(["as in the baseline", "moved", "could not be asked"]), min_size=1, max_size=16))
def test_whatever_can_be_asked_what_is_found_are_two_that_differ_with_none_to_ask_between(listed):
    versions = VERSIONS[: len(listed)]
    states = dict(zip(versions, listed, strict=True))
    found = searched("chrf", "lib", versions, asking(states))
    able = [version for version in versions if states[version] != "could not be asked"]
    if found.before is None:
        assert not able or states[able[0]] == states[able[-1]]
    else:
        assert states[found.before] != states[found.after]
        assert able.index(found.after) == able.index(found.before) + 1
    assert all(line.strip() for line in told(found))


@pytest.mark.parametrize(
    ("states", "last"),
    [
        (["as in the baseline", "moved"], "lib 1.1 is the first at which scores leave the baseline; 1.0 agrees with it."),
        (["moved", "as in the baseline"], "The baseline's scores come with lib 1.1; up to 1.0 they are others."),
        (["moved", "moved"], "Scores moved at both ends: it is not lib alone, or not between these versions."),
        (["as in the baseline"] * 2, "Scores are as in the baseline at both ends: between these versions lib moves nothing."),
        (["could not be asked"] * 2, "Could not be asked, so that a change may lie there: 1.0, 1.1."),
        (["moved", "could not be asked"], "Could not be asked, so that a change may lie there: 1.1."),
    ],
)
def test_the_outcome_is_a_sentence(states, last):
    tried = tuple(Tried(version=f"1.{place}", state=state, moved=1, of=2) for place, state in enumerate(states))
    ends = ("1.0", "1.1") if set(states) == {"moved", "as in the baseline"} else (None, None)
    assert list(told(Bisected(metric="chrf", package="lib", tried=tried, before=ends[0], after=ends[1])))[-1] == last


@pytest.mark.parametrize("name", ["-r", "a b", "../x", "a==1", ""])
def test_what_pip_would_read_otherwise_is_no_name_of_a_package(name):
    with pytest.raises(InputError, match="no name of a package"):
        released(name)


def test_a_version_that_pip_would_read_otherwise_is_refused():
    with pytest.raises(InputError, match="no version"):
        overlay("lib", "1 --index-url x")


METRIC = """
import gatetoy
from harness import MetricSpec, hookimpl


class Toy:
    signature = "gate-toy|v:1"

    def score(self, units):
        return [gatetoy.score(unit.output.text) for unit in units]


@hookimpl
def harness_metrics():
    return [MetricSpec("gate-toy", build=Toy)]
"""


def wheel(folder, version, factor):
    """A wheel of `gatetoy`, whose score of a text is its length times the factor."""
    name = f"gatetoy-{version}"
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as file:
        file.writestr("gatetoy.py", f"def score(text):\n    return {factor} * len(text)\n")
        file.writestr(f"{name}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: gatetoy\nVersion: {version}\n")
        file.writestr(
            f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{name}.dist-info/RECORD", "")


@pytest.mark.slow
def test_versions_are_installed_beside_what_is_there_and_the_one_that_moved_the_metric_is_named(tmp_path, monkeypatch):
    from harness.cli.main import harness

    for minor, factor in enumerate([1.0, 1.0, 1.0, 2.0, 2.0]):
        wheel(tmp_path, f"1.{minor}", factor)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    assert released("gatetoy") == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    here = overlay("gatetoy", "1.0")
    assert sorted(path.name for path in here.iterdir() if path.suffix != ".dist-info")[-1] == "gatetoy.py"
    monkeypatch.syspath_prepend(str(here))  # 1.0 is what is installed
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path[:1]))
    (tmp_path / "mine.py").write_text(METRIC, encoding="utf-8")
    (tmp_path / "pairs.jsonl").write_text(
        '{"id": "a", "language": "sv", "instruction": "", "references": ["ja"], "text": "nej"}\n', encoding="utf-8"
    )
    (tmp_path / "gate.yaml").write_text(
        "plugins: [mine.py]\nmetrics: [gate-toy]\npairs: [pairs.jsonl]\nbaseline: baseline.json\n", encoding="utf-8"
    )
    harness(["gate", "--config", str(tmp_path / "gate.yaml"), "update", "--reason", "first"], standalone_mode=False)

    from harness.gate.config import load_gate

    said = []
    found = bisect(load_gate(tmp_path / "gate.yaml"), "gate-toy", "gatetoy", None, None, [], said.append)
    assert (found.before, found.after) == ("1.2", "1.3")
    assert said[0] == "gatetoy 1.0: scores as in the baseline (1 pairs)"
    assert "gatetoy 1.3: scores moved on 1 of 1 pairs" in said
    with pytest.raises(InputError, match=r"the index has no gatetoy 7 .*choose with --from and --to"):
        bisect(load_gate(tmp_path / "gate.yaml"), "gate-toy", "gatetoy", "7", None, [], said.append)
