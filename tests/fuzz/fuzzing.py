"""The loop: mutated inputs into a target, and what came of it; a hang or a huge allocation is a finding, as an exception is."""

import logging
import random
import resource
import signal
import time
import traceback
from dataclasses import dataclass, field
from types import FrameType

from mutation import mutated
from targets import Target

from harness.errors import HarnessError

SECONDS = 5.0  # of the processor; an input that takes longer is a finding
WAITING = 120.0  # seconds, and so is one that takes longer without computing
MEGABYTES = 500  # and so is one after which the process has needed so much more than before


class HangError(BaseException):
    """Raised in the middle of an input that takes too long; nothing in the harness may catch it."""


@dataclass
class Outcome:
    """What came of fuzzing a target. `refused`: inputs answered with a message; findings by where they were raised."""

    target: str
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    findings: dict[str, tuple[int, bytes, str]] = field(default_factory=dict)

    def add(self, where: str, data: bytes, text: str) -> None:
        """Counts a finding, and keeps the shortest input that shows it."""
        count, shortest, told = self.findings.get(where, (0, data, text))
        self.findings[where] = (count + 1, *((data, text) if len(data) < len(shortest) else (shortest, told)))


def fuzz(target: Target, inputs: int, seed: int) -> Outcome:
    """So many mutated inputs, the same for the same seed."""
    draw = random.Random(f"{target.name} {seed}")
    outcome = Outcome(target.name)
    logger = logging.getLogger("harness")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    started = time.monotonic()
    try:
        for _ in range(inputs):
            feed(target, mutated(target.seeds, draw), outcome)
    finally:
        logger.setLevel(before)
    outcome.seconds = time.monotonic() - started
    return outcome


def feed(target: Target, data: bytes, outcome: Outcome) -> None:
    """One input."""
    outcome.inputs += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = {number: signal.signal(number, _hang) for number in (signal.SIGVTALRM, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WAITING)
    try:
        target.run(data)
    except HarnessError:
        outcome.refused += 1
    except HangError:
        outcome.add(f"more than {SECONDS:g} s", data, traceback.format_exc())
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/harness" in frame.filename] or list(frames)
        where = f"{type(error).__name__} at {own[-1].filename.rpartition('/main/')[2]}:{own[-1].lineno}"
        outcome.add(where, data, traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    if grown > MEGABYTES:
        outcome.add(f"more than {MEGABYTES} MB", data, f"{grown:.0f} MB more")


def _hang(number: int, frame: FrameType | None) -> None:
    raise HangError
