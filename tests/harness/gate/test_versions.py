"""Versions in signatures: another version of a package is drift, anything else a change of meaning."""

from importlib import metadata

from harness.gate.versions import drifted, installed, versions

NOW = metadata.version("sacrebleu")


def test_another_version_of_an_installed_package_is_drift():
    assert drifted("bleu|sacrebleu:2.3.1|v:1", f"bleu|sacrebleu:{NOW}|v:1") == [f"sacrebleu 2.3.1 → {NOW}"]
    assert drifted("bleu|impl:sacrebleu-2.3.1|v:1", f"bleu|impl:sacrebleu-{NOW}|v:1") == [f"sacrebleu 2.3.1 → {NOW}"]


def test_a_version_that_is_not_the_installed_one_and_any_other_change_is_none():
    assert drifted("bleu|sacrebleu:2.3.1|v:1", "bleu|sacrebleu:0.0.1|v:1") == []
    assert drifted("bleu|sacrebleu:2.3.1|v:1", f"bleu|sacrebleu:{NOW}|v:2") == []
    assert drifted("bleu|sacrebleu:2.3.1|v:1", f"bleu|case:keep|sacrebleu:{NOW}|v:1") == []
    assert drifted("bleu|tok:13a|v:1", "bleu|tok:intl|v:1") == []
    assert drifted("bleu|v:1", "bleu|v:1") == []


def test_versions_name_python_and_what_is_installed():
    assert versions()["numpy"] == installed("numpy")
    assert installed("no such distribution") is None
    assert installed("") is None
