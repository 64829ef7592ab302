"""Which automatic metric can you trust, on which kind of task, in which language?

Everything public is importable from here; names load on first use, so `import harness` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "hookimpl": "hookspecs",
    "BuilderSpec": "protocols",
    "Columns": "protocols",
    "GeneratorSpec": "protocols",
    "JudgmentSourceSpec": "protocols",
    "MetricSpec": "protocols",
    "Result": "protocols",
    "TrainerSpec": "protocols",
    "Unit": "protocols",
    "ChoiceLoglik": "records",
    "Example": "records",
    "Judgment": "records",
    "JudgmentInfo": "records",
    "Manifest": "records",
    "MediaPart": "records",
    "Message": "records",
    "MetaRow": "records",
    "Origin": "records",
    "Output": "records",
    "Preference": "records",
    "Scale": "records",
    "Score": "records",
    "SetAside": "build.rows",
    "Span": "records",
    "TextPart": "records",
    "HarnessError": "errors",
    "named_files": "file_states",
    "load_plugins": "plugins",
    "metaevaluate": "api",
    "score": "api",
}

__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from harness.api import metaevaluate, score
    from harness.build.rows import SetAside
    from harness.errors import HarnessError
    from harness.file_states import named_files
    from harness.hookspecs import hookimpl
    from harness.plugins import load_plugins
    from harness.protocols import (
        BuilderSpec,
        Columns,
        GeneratorSpec,
        JudgmentSourceSpec,
        MetricSpec,
        Result,
        TrainerSpec,
        Unit,
    )
    from harness.records import (
        ChoiceLoglik,
        Example,
        Judgment,
        JudgmentInfo,
        Manifest,
        MediaPart,
        Message,
        MetaRow,
        Origin,
        Output,
        Preference,
        Scale,
        Score,
        Span,
        TextPart,
    )


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    value = getattr(import_module(f"harness.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
