"""The configs on the page about norms have keys that a probe reads, and every key of `norms` and `frequencies` is there."""

import re
from inspect import signature

import msgspec
import yaml
from documents import DOCS, blocks
from harness_plugins.video.probe.config import Probing
from harness_plugins.video.probe.frequency import read_frequencies
from harness_plugins.video.probe.norms import read_norms

PAGE = DOCS / "how-to" / "probe-norms.md"


def test_its_configs_are_probes() -> None:
    probes = [yaml.safe_load(block.text)["probe"] for block in blocks(PAGE) if block.language == "yaml"]
    read = [msgspec.convert(one, Probing) for one in probes]
    assert [one.norms["source"] for one in read] == ["norms-sv.csv", "glasgow", "mrc", "lancaster"]
    for one in read:
        assert one.norms.keys() <= signature(read_norms).parameters.keys()
        assert (one.frequencies or {}).keys() <= signature(read_frequencies).parameters.keys()


def test_every_key_is_told() -> None:
    coded = " ".join(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8")))
    known = {*signature(read_norms).parameters, *signature(read_frequencies).parameters, "norms", "classes", "frequencies"}
    assert known - set(re.findall(r"\w+", coded)) == set()
