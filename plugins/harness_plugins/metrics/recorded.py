"""What a judgment set already holds of metrics and judges: numbers per output, and direct verdicts on pairs.

A source keeps them with the outputs: `Output.meta["recorded"] = {NAME: number or None}`, and, for a judge that saw two
outputs, with the output that it saw first, `Output.meta["recorded_verdicts"] = {NAME: {ID: {"winner": WORD, "reply": TEXT}}}`:
ID is the output that it saw second, WORD is "first", "second", "tie", or None where no verdict could be read from the reply.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any

from harness import MetricSpec, Result, Unit, hookimpl, named_files
from harness.errors import PluginError
from harness.records import Output
from harness.verdicts import Verdict

NUMBERS, VERDICTS = "recorded", "recorded_verdicts"
VERSION = "1"
# A name that nothing holds is an error, and only a look at all outputs tells; reading what is there costs nothing.
_ALL = 10_000_000
_SIGNS = {"first": 1.0, "second": -1.0, "tie": 0.0}


class Recorded:
    """The numbers that the set holds under a name, one an output; an output without one has the status `not-recorded`.

    Raises PluginError, with the names there are, if no output holds one. The signature names the judge; which set, and which
    version of it, is the table's own label (`pandalm@…`), since a metric is named before it meets a set.
    """

    def __init__(self, name: str) -> None:
        self._name = _checked_name(name)
        self.signature = f"recorded|name:{self._name}|v:{VERSION}"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per output."""
        outputs = [unit.output for unit in units]
        _check_known(self._name, outputs, NUMBERS, VERDICTS, "recorded-verdict")
        return [self._result(output) for output in outputs]

    def _result(self, output: Output) -> Result:
        value = _held(output, NUMBERS).get(self._name)
        if value is None:
            return Result(None, "not-recorded", detail=f"the set holds no {self._name!r} for this output")
        if isinstance(value, bool) or not isinstance(value, Real):
            raise PluginError(f"output {output.id!r}: recorded {self._name!r} must be a number or None, got {value!r:.80}")
        return Result(float(value))


class RecordedRatings(Recorded):
    """The same numbers, known to be a judge's ratings: each is a verdict too, and can be audited."""

    def verdicts(self, units: Sequence[Unit]) -> Iterator[Verdict]:
        """A direct verdict for each output that has a number."""
        for unit in units:
            result = self._result(unit.output)
            if result.value is not None:
                targets = (unit.output.id,)
                yield Verdict(metric=self.signature, targets=targets, form="direct", judge=self._name, value=result.value)


def recorded(name: str, judge: bool = False) -> Recorded:
    """The numbers that the set holds under a name, one an output; an output without one has the status `not-recorded`.

    `judge`: they are a judge's ratings, and get a card. Raises PluginError, with the names there are, if no output holds one.
    """
    if not isinstance(judge, bool):
        raise ValueError(f"judge says whether the numbers are a judge's ratings, true or false, got {judge!r}")
    return RecordedRatings(name) if judge else Recorded(name)


class RecordedVerdict:
    """The verdicts on pairs that the set holds under a name: 1 where the first of the two is better, -1 the second, 0 a tie.

    A reply in which no verdict could be read is `unparsed`, the reply in the detail. A pair that the judge saw in one order only
    has in the other order the same verdict, turned; one that it saw in both has each its own. Raises PluginError, with the names
    there are, if no pair has one.
    """

    def __init__(self, name: str) -> None:
        self._name = _checked_name(name)
        self.signature = f"recorded-verdict|name:{self._name}|v:{VERSION}"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per pair of outputs, in the order in which they stand."""
        _check_known(self._name, (output for unit in units for output in unit.outputs), VERDICTS, NUMBERS, "recorded")
        return [self._result(*unit.outputs) for unit in units]

    def verdicts(self, units: Sequence[Unit]) -> Iterator[Verdict]:
        """A verdict for each pair in an order in which the judge saw it, and none for an order that nobody asked about."""
        for unit in units:
            first, second = unit.outputs
            held = _held(first, VERDICTS).get(self._name, {}).get(second.id)
            if held is not None:
                result = self._read(first, held, 1.0)
                yield Verdict(
                    metric=self.signature,
                    targets=(first.id, second.id),
                    form="pair",
                    judge=self._name,
                    value=result.value,
                    status="ok" if result.value is not None else "unparsed",
                    reply=held.get("reply") if isinstance(held, Mapping) else None,
                )

    def _result(self, first: Output, second: Output) -> Result:
        here = _held(first, VERDICTS).get(self._name, {}).get(second.id)
        if here is not None:
            return self._read(first, here, 1.0)
        there = _held(second, VERDICTS).get(self._name, {}).get(first.id)
        if there is not None:
            return self._read(second, there, -1.0)
        return Result(None, "not-recorded", detail=f"the set holds no {self._name!r} verdict on this pair")

    def _read(self, holder: Output, verdict: Any, sign: float) -> Result:
        winner = verdict.get("winner") if isinstance(verdict, Mapping) else verdict
        reply = verdict.get("reply") if isinstance(verdict, Mapping) else None
        if winner is None:
            return Result(None, "unparsed", detail=reply or "the reply was not kept")
        if winner not in _SIGNS:
            known = ", ".join(_SIGNS)
            raise PluginError(
                f"output {holder.id!r}: recorded verdict {self._name!r} must be {known} or None, got {winner!r:.80}"
            )
        # + 0.0: a tie that is turned is 0, not -0
        turned = "seen in the other order" if sign < 0 else None
        return Result(sign * _SIGNS[winner] + 0.0, detail="; ".join(filter(None, [turned, reply])) or None)


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    return [
        _spec("recorded", recorded, "a number that the set holds for each output: recorded:NAME", "output"),
        _spec("recorded-verdict", RecordedVerdict, "a judge's verdict that the set holds for each pair", "pair"),
    ]


def _spec(name: str, build: Callable[..., Any], help: str, unit: Any) -> MetricSpec:
    return MetricSpec(
        name, build=build, version=VERSION, help=help, argument="name", unit=unit, batch_size=_ALL, reads=named_files,
        # Whose the numbers are nobody says: a metric's, or a judge's. Verdicts on pairs are judges'.
        found_in=partial(_names, kind=VERDICTS) if unit == "pair" else None,
    )  # fmt: skip


def _names(outputs: Iterable[Output], kind: str) -> list[str]:
    """Everything that the outputs hold of this kind, by name."""
    return sorted({name for output in outputs for name in _held(output, kind)})


def _checked_name(name: Any) -> str:
    """The name as text; a name that looks like a number arrives as one."""
    text = str(name)
    if not text.strip() or not text.isprintable() or "|" in text:
        raise ValueError(f"name is what the set calls the metric or judge, printable and without |, got {name!r}")
    return text


def _check_known(name: str, outputs: Iterable[Output], kind: str, other: str, other_metric: str) -> None:
    """Raises PluginError with the names there are, if no output holds this one."""
    every = list(outputs)
    names, others = set(_names(every, kind)), set(_names(every, other))
    if name in names:
        return
    what = "recorded number" if kind == NUMBERS else "recorded verdict"
    message = f"the set holds no {what} called {name!r}."
    if names:
        message += f" There are: {', '.join(sorted(names))}."
    if name in others:
        message += f" What it holds under that name is read by {other_metric}:{name}."
    elif not names and others:
        message += f" Read by {other_metric}:NAME there are: {', '.join(sorted(others))}."
    elif not names:
        message += " It holds no recorded ones at all."
    raise PluginError(message)


def _held(output: Output, kind: str) -> Mapping[str, Any]:
    held = output.meta.get(kind, {})
    if not isinstance(held, Mapping):
        raise PluginError(f"output {output.id!r}: meta[{kind!r}] must map names to what is recorded, got {held!r:.80}")
    return held
