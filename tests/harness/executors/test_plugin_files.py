"""A plugin file travels by content: where the path holds the same it is used, else a copy stands in for a while."""

from pathlib import Path

from harness.executors.plugin_files import PluginFile


def test_the_path_itself_is_used_where_it_holds_the_same(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    with PluginFile.read(file).on_disk() as path:
        assert path == file


def test_elsewhere_a_copy_under_its_own_name_holds_the_content_and_goes_away(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    sent = PluginFile.read(file)
    file.write_text("x = 2\n")  # another file of that name, as on another machine
    with sent.on_disk() as path:
        assert path != file
        assert (path.name, path.read_text()) == ("mine.py", "x = 1\n")
    assert not path.exists()
    file.unlink()
    with sent.on_disk() as path:
        assert path.read_text() == "x = 1\n"
