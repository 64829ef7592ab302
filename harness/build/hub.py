"""The README of a data set's folder as hubs read it: YAML front matter (licence, languages, files by split), then the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.build.card_tally import Tally
from harness.build.licence_rules import Combined, hub_licences

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
# Parts of our own and of data sets' names of tasks, and the hub's categories.
_TASKS = {
    "translat": "translation",
    "summar": "summarization",
    "question": "question-answering",
    "qa": "question-answering",
    "classif": "text-classification",
    "sentiment": "text-classification",
    "nli": "text-classification",
    "similarity": "sentence-similarity",
}


def readme(
    title: str, languages: Sequence[str], files: Mapping[str, Sequence[str]], tally: Tally, licences: Combined, card: str
) -> str:
    """The front matter and the card. `files`: the Parquet files by split; a split without rows is in neither."""
    import yaml

    head = front_matter(title, languages, files, tally, licences)
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=130)}---\n\n{card}"


def front_matter(
    title: str, languages: Sequence[str], files: Mapping[str, Sequence[str]], tally: Tally, licences: Combined
) -> dict[str, Any]:
    """What a hub, and `datasets.load_dataset` on the folder, read of the set."""
    head: dict[str, Any] = {"pretty_name": title}
    named = hub_licences(licences)
    if named:
        head["license"] = named[0] if len(named) == 1 else named
    head["language"] = sorted({tag.partition("-")[0].casefold() for tag in languages})
    head["task_categories"] = _categories(tally)
    head["size_categories"] = [_size(sum(tally.cells.values()))]
    head["tags"] = ["instruction-tuning", "metaeval-harness"]
    # A place holder for the shards: a name of the file would be read as a pattern, too.
    paths = [{"split": split, "path": f"data/{split}-*.parquet"} for split, names in files.items() if names]
    if paths:
        head["configs"] = [{"config_name": "default", "data_files": paths}]
    return head


def _categories(tally: Tally) -> list[str]:
    tasks = " ".join(task.casefold() for (task,) in tally.count_by("task"))
    found = {category for part, category in _TASKS.items() if part in tasks}
    return ["text-generation", *sorted(found)]


def _size(rows: int) -> str:
    return next((name for most, name in _SIZES if rows < most), "n>10M")
