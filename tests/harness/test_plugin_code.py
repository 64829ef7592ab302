"""What counts as the code of a plugin that is a plain file."""

from pathlib import Path

from harness.plugin_code import plugin_code_digest


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "plugin.py"


def test_a_neighbour_that_is_imported_anywhere_in_the_file_counts(tmp_path: Path) -> None:
    plugin = written(tmp_path, plugin="def score():\n    import helper\n    return helper.N\n", helper="N = 1\n", other="M = 1\n")
    before = plugin_code_digest(plugin)
    written(tmp_path, other="M = 2\n")
    assert plugin_code_digest(plugin) == before
    written(tmp_path, helper="N = 2\n")
    assert plugin_code_digest(plugin) != before


def test_what_a_neighbour_imports_counts_too_and_so_does_a_whole_package(tmp_path: Path) -> None:
    plugin = written(tmp_path, plugin="from first import x\n", first="from parts import deep\nimport first\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    (tmp_path / "parts" / "deep.py").write_text("y = 1\n")
    before = plugin_code_digest(plugin)
    (tmp_path / "parts" / "deep.py").write_text("y = 2\n")
    assert plugin_code_digest(plugin) != before


def test_the_same_code_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        digests.add(plugin_code_digest(written(tmp_path / name, plugin="import helper\n", helper="N = 1\n")))
    assert len(digests) == 1


def test_a_file_that_is_no_python_still_has_a_digest(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_bytes(b"\xff\x00(")
    assert len(plugin_code_digest(tmp_path / "plugin.py")) == 64
