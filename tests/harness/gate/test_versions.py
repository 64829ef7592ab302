"""Versions in signatures: another version of a package is drift, anything else a change of meaning."""

from importlib import metadata

from harness.gate.versions import differing, drifted, installed, versions

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


def test_the_plugins_distribution_and_what_it_requires_are_named_beside_the_list(tmp_path, monkeypatch):
    def install(name, version, *required):
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in required)]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")

    install("my-metric", "3", "sv_stems>=1,<3", "numpy", "absent-one", 'only-for-tests; extra == "dev"')
    install("sv-stems", "1.5")
    install("only-for-tests", "9")
    monkeypatch.syspath_prepend(tmp_path)
    found = versions(["My_Metric", str(tmp_path / "plain.py")])
    assert {name: found[name] for name in found.keys() - versions().keys()} == {"my-metric": "3", "sv-stems": "1.5"}


def test_versions_that_differ_come_and_go():
    assert differing({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "2.1", "d": "4"}) == [
        "b 2 → 2.1",
        "c 3 → none",
        "d none → 4",
    ]
