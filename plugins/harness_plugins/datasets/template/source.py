"""The rows of a template set: which splits are taken, and what they are read from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data import find_data
from harness.errors import InputError, PluginError, did_you_mean
from harness_plugins.datasets.template.data import DATA
from harness_plugins.datasets.template.rows import file_rows, hub_rows, parallel_rows, renamed
from harness_plugins.datasets.template.sets import TemplateSet


def chosen_splits(found: TemplateSet, use: str | Sequence[str] | None) -> list[str]:
    """The splits to take: the set's own `use`, else the builder's as far as the set has them, else all that are not kept for
    evaluation. Raises PluginError where none is left, or the set's own names one that is not there."""
    for split in found.use or ():
        if split not in found.splits and split != "all":
            raise PluginError(f"template set {found.name!r} has no split {split!r}.{did_you_mean(split, found.splits)}")
    wanted = found.use or ((use,) if isinstance(use, str) else use)
    if wanted is None:
        chosen = [split for split in found.splits if split not in found.evaluation]
        if not chosen:
            raise PluginError(
                f"template set {found.name!r} holds evaluation data only ({', '.join(found.splits)}), and a model trained on it "
                f"cannot be evaluated on it. To have it all the same: {{{found.name}: {{use: [{next(iter(found.splits))}]}}}}"
            )
        return chosen
    chosen = [split for split in found.splits if split in wanted or "all" in wanted]
    if not chosen:
        have = ", ".join(found.splits)
        raise PluginError(f"template set {found.name!r} has no split {' or '.join(map(repr, wanted))}; it has {have}")
    return chosen


def split_rows(found: TemplateSet, split: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Rows of a split with their file's name and their number in it, columns renamed as the set says."""
    if found.texts["dataset"] is not None:
        theirs = found.splits[split]
        dataset = _local(found)
        rows = hub_rows(dataset, theirs, config=found.texts["config"], revision=found.texts["revision"])
        for number, row in rows:
            yield "", number, renamed(row, found.columns, f"{dataset}, split {theirs}, row {number}")
        return
    _check_present(found)
    for files in _files(found, split):
        if isinstance(files, Mapping):
            where, rows = split, parallel_rows(files)
        else:
            where, rows = (
                files.relative_to(_folder(found)).as_posix() if _shipped(found) else files.name,
                file_rows(files, found.texts["within"]),
            )
        for number, row in rows:
            yield where, number, renamed(row, found.columns, f"{where}, row {number}")


def paths_of(found: TemplateSet, split: str) -> list[Path]:
    """The files that a split is read from; of a data set by its hub name its folder, if it is one."""
    if found.texts["dataset"] is not None:
        folder = Path(_local(found))
        return [folder] if folder.exists() else []
    return [path for files in _files(found, split) for path in (files.values() if isinstance(files, Mapping) else [files])]


def _files(found: TemplateSet, split: str) -> list[Path | dict[str, Path]]:
    value = found.splits[split]
    folder = _folder(found)
    files: list[Path | dict[str, Path]] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item:
            files.append(folder / Path(item).expanduser())
        elif isinstance(item, Mapping) and item and all(isinstance(path, str) and path for path in item.values()):
            files.append({name: folder / Path(path).expanduser() for name, path in item.items()})
        else:
            raise found.problem(
                "expected a file, a list of files, or parallel files by name (`{sv: a.sv.txt, en: a.en.txt}`)", "splits", split
            )
    return files


def _shipped(found: TemplateSet) -> bool:
    return found.texts["data"] is not None and "splits" not in found.overridden


def _folder(found: TemplateSet) -> Path:
    """What paths are relative to: a folder of the data home, the working directory (a build config's), the YAML file's folder."""
    if "splits" in found.overridden:
        return Path()
    if not _shipped(found):
        return found.document.path.parent
    name = str(found.texts["data"])
    if name not in DATA:
        raise found.problem(f"there are no data files {name!r}.{did_you_mean(name, DATA)}", "data")
    from harness.data import data_home

    return data_home() / DATA[name].folder


def _check_present(found: TemplateSet) -> None:
    if _shipped(found):
        name = str(found.texts["data"])
        _folder(found)
        find_data(DATA[name], name)


def _local(found: TemplateSet) -> str:
    """The name to load; a folder that is named relative to the set's file is meant there."""
    dataset = str(found.texts["dataset"])
    if "dataset" not in found.overridden and (found.document.path.parent / dataset).is_dir():
        return str(found.document.path.parent / dataset)
    if dataset.startswith((".", "/", "~")) and not Path(dataset).expanduser().exists():
        raise InputError(f"template set {found.name!r}: there is no folder {dataset}")
    return str(Path(dataset).expanduser()) if dataset.startswith("~") else dataset
