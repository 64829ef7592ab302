"""The judgment source `sheet`, which says in the words of its time that it reads tables in memory."""

from typing import Any

from harness import JudgmentInfo, JudgmentSourceSpec, hookimpl

HARNESS_HOOKS = 0


class Sheet:
    info = JudgmentInfo(name="sheet", version="1")

    def __init__(self, path: Any) -> None:
        self.path = path

    def read(self) -> list[Any]:
        return []


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    return [JudgmentSourceSpec("sheet", build=Sheet, argument="path", reads_tables=True)]  # type: ignore[call-arg]  # as it was
