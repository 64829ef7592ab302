"""Reports whose every text field, of every struct, holds a text of the test's choice: found by walking the types."""

import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from harness.report.analysis_contents import Picture
from harness.report.contents import Report

Real = Callable[[], float]
Text = Callable[[str], str]  # given the path of the field, such as `Report.sections.figures.Words.title`

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def filled(text: Text, real: Real = lambda: 0.5) -> Report:
    """A report with one of every kind of figure; each text is `text(path)`, each measured number `real()`."""
    report: Report = _value(Report, "Report", text, real)
    return report


def _value(kind: Any, path: str, text: Text, real: Real) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        return get_args(kind)[0]
    if origin in (Union, types.UnionType):
        return _value(next(option for option in get_args(kind) if option is not type(None)), path, text, real)
    if origin is tuple:
        return _several(get_args(kind), path, text, real)
    if origin is dict:
        # A mark is drawn where its name is one of the plot's statistics.
        return {text("statistic"): _value(get_args(kind)[1], path, text, real)}
    if kind is Picture:  # its data are checked
        return Picture(data=_PIXEL, kind="image/png", said=text(f"{path}.said"), width=1, height=1)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return kind(**{f.name: _value(f.type, f"{path}.{f.name}", text, real) for f in fields})
    plain = {
        str: lambda: text("statistic" if path.endswith(".statistics") else path),
        float: real,
        int: lambda: 1,
        bool: lambda: True,
    }
    return plain[kind]()


def _several(kinds: tuple[Any, ...], path: str, text: Text, real: Real) -> tuple[Any, ...]:
    if kinds[-1] is not Ellipsis:
        return tuple(_value(kind, path, text, real) for kind in kinds)
    item = kinds[0]
    options = [option for option in get_args(item) if option is not type(None)]
    if get_origin(item) in (Union, types.UnionType) and all(
        isinstance(o, type) and issubclass(o, msgspec.Struct) for o in options
    ):
        return tuple(_value(option, f"{path}.{option.__name__}", text, real) for option in options)
    if path.endswith("DataTable.rows"):
        return ((text(path),),)
    return (_value(item, path, text, real),)
