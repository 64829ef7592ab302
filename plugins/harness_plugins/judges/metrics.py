"""The metrics: which calls a unit takes, and the score that their verdicts make."""

import random
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from harness.chat.messages import CallPlan
from harness.protocols import Result, Unit
from harness.records import Output
from harness.verdicts import Verdict
from harness_plugins.judges.calls import Call, Caller
from harness_plugins.judges.judge import Judge, Said
from harness_plugins.judges.scoring import number, outcome, result, standing
from harness_plugins.judges.settings import Settings

Key = tuple[int, tuple[str, ...]]  # a group of criteria, and outputs in the order in which they are shown
Heard = list[list[Verdict]]  # of each judge, the verdicts of one call


class JudgeMetric:
    """Scores with one judge or a panel. Its parts say what a task asks for, and what becomes of the verdicts.

    Verdicts are kept once they are read, so that telling them costs nothing more.
    """

    def __init__(self, settings: Settings, judges: Sequence[Judge], caller: Caller, signature: str) -> None:
        self.signature = signature
        self._settings = settings
        self._judges = tuple(judges)
        self._caller = caller
        self._task = TASKS[settings.task](settings)
        self._groups = range(len(settings.groups))
        self._wanted = frozenset(criterion.name for criterion in settings.criteria)
        self._heard: dict[Key, Heard] = {}

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order."""
        listed = list(units)
        calls = [self._calls(unit) if _has_texts(unit) else [] for unit in listed]
        self._hear({_key(call): call for call in chain.from_iterable(calls)}, asking=True)
        return [self._result(unit, asked) for unit, asked in zip(listed, calls, strict=True)]

    def verdicts(self, units: Sequence[Unit]) -> Iterator[Verdict]:
        """The verdicts that the scores of these units are made of, each once; nobody is asked."""
        told: set[Key] = set()
        for start in range(0, len(units), 1000):
            some = [(unit, self._keys(unit)) for unit in units[start : start + 1000] if _has_texts(unit)]
            unheard = [unit for unit, keys in some if any([key not in self._heard for key in keys])]
            self._hear({_key(call): call for unit in unheard for call in self._calls(unit)}, asking=False)
            for key in chain.from_iterable([keys for _, keys in some]):
                if key not in told:
                    told.add(key)
                    for verdicts in self._heard[key]:
                        yield from verdicts

    def plan(self, units: Sequence[Unit]) -> list[CallPlan]:
        """The calls that scoring would make, a plan a judge; nobody is asked."""
        calls = {call.identity: call for unit in units if _has_texts(unit) for call in self._calls(unit)}
        return [judge.plan(list(calls.values())) for judge in self._judges]

    def _calls(self, unit: Unit) -> list[Call]:
        example, shown, call = unit.example, self._task.shown(unit), self._caller.call
        return [call(example, outputs, group) for group in self._groups for outputs in shown]

    def _keys(self, unit: Unit) -> list[Key]:
        """The keys of the unit's calls."""
        shown = [tuple([output.id for output in outputs]) for outputs in self._task.shown(unit)]
        return [(group, targets) for group in self._groups for targets in shown]

    def _hear(self, calls: dict[Key, Call], *, asking: bool) -> None:
        """Has every judge say what it says to the calls; equal questions are put once."""
        places: dict[tuple[Any, ...], int] = {}
        questions: list[Call] = []
        numbers = []
        for call in calls.values():
            number = places.setdefault(call.identity, len(questions))
            numbers.append(number)
            if number == len(questions):
                questions.append(call)
        judges = list(zip(self._judges, self._said(questions, asking), strict=True))
        for (key, call), number in zip(calls.items(), numbers, strict=True):
            self._heard[key] = [judge.verdicts(self.signature, call, said[number]) for judge, said in judges]

    def _said(self, questions: Sequence[Call], asking: bool) -> list[list[list[Said]]]:
        """What each judge says, the judges side by side: each has limits of its own."""
        if not asking or len(self._judges) == 1:
            return [judge.say(questions) if asking else judge.recall(questions) for judge in self._judges]
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context

        with ThreadPoolExecutor(len(self._judges)) as pool:
            waiting = [pool.submit(copy_context().run, judge.say, questions) for judge in self._judges]
            return [each.result() for each in waiting]

    def _result(self, unit: Unit, calls: Sequence[Call]) -> Result:
        if not calls:
            return Result(None, "empty", detail=f"output {_silent(unit).id!r} has no text that could be judged")
        settings, wanted = self._settings, self._wanted
        if len(calls) == 1 and len(self._judges) == 1:  # as nearly always
            (heard_once,) = self._heard[_key(calls[0])]
            own = [verdict for verdict in heard_once if verdict.criterion in wanted]
            return result([self._task.votes(unit, own)], settings.panel, own, self._task.most(1) * settings.samples)
        heard = [self._heard[_key(call)] for call in calls]
        verdicts = [
            [verdict for of_call in heard for verdict in of_call[judge] if verdict.criterion in wanted]
            for judge in range(len(self._judges))
        ]
        votes = [self._task.votes(unit, each) for each in verdicts]
        asked = self._task.most(len(calls)) * settings.samples * len(self._judges)
        return result(votes, settings.panel, list(chain.from_iterable(verdicts)), asked)


class Direct:
    """A rating of the output; with several criteria, the mean of those of one sample."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def shown(self, unit: Unit) -> list[tuple[Output, ...]]:
        """What is shown, a call each."""
        return [unit.outputs]

    def votes(self, unit: Unit, verdicts: Sequence[Verdict]) -> list[float]:
        """What one judge's verdicts on the unit say, as numbers."""
        if len(self._settings.criteria) == 1:
            return _there([number(verdict, self._settings.read) for verdict in verdicts])
        samples: dict[int, list[float | None]] = {}
        for verdict in verdicts:
            samples.setdefault(verdict.sample, []).append(number(verdict, self._settings.read))
        whole = [_there(values) for values in samples.values() if None not in values]
        return [sum(values) / len(values) for values in whole]

    def most(self, calls: int) -> int:
        """How many votes of one judge and sample there can be."""
        return 1


class Pair(Direct):
    """Which of the two outputs is better, in the order in which they stand: 1 the first, -1 the second, 0 neither."""


class Wins(Direct):
    """The share of the other answers that the output wins over, ties counting half; each pair in both orders."""

    def shown(self, unit: Unit) -> list[tuple[Output, ...]]:
        """Each pair, this output first and then second."""
        peers = [peer for peer in unit.peers if peer.text is not None]
        return [pair for peer in peers for pair in ((unit.output, peer), (peer, unit.output))]

    def votes(self, unit: Unit, verdicts: Sequence[Verdict]) -> list[float]:
        """The output's share of the win in each pair that has an outcome, a sample after the other."""
        own, said = unit.output.id, {(verdict.targets, verdict.sample): verdict.value for verdict in verdicts}
        samples: dict[int, list[float | None]] = {}
        for (targets, sample), value in said.items():
            if targets[0] == own:
                other = said.get((targets[::-1], sample))
                samples.setdefault(sample, []).append(outcome(value, other))
        return _there(chain.from_iterable(samples.values()))

    def most(self, calls: int) -> int:
        """Every pair has an outcome."""
        return calls // 2


class Rank(Direct):
    """Where the output stands among all answers of the example: 1 the first, 0 the last, the mean over orders of showing."""

    def shown(self, unit: Unit) -> list[tuple[Output, ...]]:
        """All answers in shuffled orders, every second one the reverse of the one before; the same for all of them."""
        answers = sorted((unit.output, *(peer for peer in unit.peers if peer.text is not None)), key=lambda each: each.id)
        orders: list[tuple[Output, ...]] = []
        for turn in range(self._settings.orders):
            if turn % 2:
                orders.append(orders[-1][::-1])
            else:
                shuffled = list(answers)
                seed = "\0".join((str(turn), unit.example.id, *(each.id for each in answers)))
                random.Random(seed).shuffle(shuffled)
                orders.append(tuple(shuffled))
        return orders

    def votes(self, unit: Unit, verdicts: Sequence[Verdict]) -> list[float]:
        """The output's standing in each ranking."""
        own = unit.output.id
        ranked = [(verdict.ranks[verdict.targets.index(own)], len(verdict.targets)) for verdict in verdicts if verdict.ranks]
        return [standing(place, n) for place, n in ranked]

    def most(self, calls: int) -> int:
        """Every order has a ranking."""
        return calls


TASKS: dict[str, Any] = {"direct": Direct, "pair": Pair, "wins": Wins, "rank": Rank}


def _there(values: Any) -> list[float]:
    return [value for value in values if value is not None]


def _key(call: Call) -> Key:
    return call.group, call.targets


def _has_texts(unit: Unit) -> bool:
    return None not in [output.text for output in unit.outputs]


def _silent(unit: Unit) -> Output:
    return next((output for output in unit.outputs if output.text is None), unit.outputs[0])
