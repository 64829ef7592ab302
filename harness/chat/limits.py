"""When the next call may go out: limits a minute, what a server asks for, and how long to wait after a failure."""

import math
import random
import time
from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MINUTE = 60.0
_WINDOW = MINUTE + 0.5  # what leaves evenly arrives unevenly, and a server counts what arrives
LONGEST = 30.0  # seconds between two attempts where the server says nothing
PATIENCE = 600.0  # seconds that a request waits for a server that asks to wait
_LATE = 0.1  # a wake-up that came late may be made up for by so many seconds
_RECENT = 16  # answers that say whether the server is refusing most of what it is asked


class Pace:
    """At most `limit` in any 60 seconds, spread evenly; None is no limit. For one thread."""

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._next = -math.inf
        self._taken: deque[list[float]] = deque()
        self._sum = 0.0

    def delay(self, cost: float, now: float) -> float:
        """Seconds until so much may be taken; 0 is now. What is over the whole limit goes when nothing else was taken."""
        if self._limit is None:
            return 0.0
        while self._taken and self._taken[0][0] <= now - _WINDOW:
            self._sum -= self._taken.popleft()[1]
        if not self._taken:
            self._sum = 0.0
        wait = self._next - now
        if self._taken and self._sum + cost > self._limit:
            wait = max(wait, self._taken[0][0] + _WINDOW - now)
        return max(wait, 0.0)

    def take(self, cost: float, now: float) -> list[float]:
        """Takes it, and returns a receipt for `correct`."""
        receipt = [now, cost]
        if self._limit is not None:
            self._taken.append(receipt)
            self._sum += cost
            self._next = max(self._next, now - _LATE) + cost * MINUTE / self._limit
        return receipt

    def correct(self, receipt: list[float], cost: float) -> None:
        """What was taken cost something else in the end: 0 gives it back."""
        if self._limit is not None:
            surplus = receipt[1] - cost
            self._next -= surplus * MINUTE / self._limit
            if receipt[0] > time.monotonic() - _WINDOW:
                self._sum -= surplus
                receipt[1] = cost


class Crowd:
    """Whether a server turns most callers away (HTTP 429), and until when all of them should then wait."""

    def __init__(self) -> None:
        self.until = 0.0
        self._answers: deque[bool] = deque(maxlen=_RECENT)

    def note(self, turned_away: bool, wait: float = 0.0) -> bool:
        """Takes an answer down; True where the caller was one of many that were turned away."""
        self._answers.append(turned_away)
        refused = sum(self._answers)
        crowded = turned_away and refused >= 4 and 2 * refused >= len(self._answers)
        if crowded:
            self.until = max(self.until, time.monotonic() + wait)
        return crowded


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that a server asks to wait (`retry-after-ms`, `retry-after` as seconds or a date); None where it does not say.

    `now`: seconds since 1970. A date in the past is 0.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        try:
            seconds = float(text) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(date.timestamp() - (time.time() if now is None else now), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def wait_before(attempt: int, base: float, asked: float | None = None) -> float:
    """Seconds before the next attempt after so many: what the server asked for, else exponential with jitter up to 30.

    A little is added at random to what was asked, so that many who were told the same do not come back at once.
    """
    doubled = min(base * 2.0 ** min(attempt - 1, 30), LONGEST)
    if asked is not None:
        return asked + random.uniform(0.0, min(base, 0.5))
    return doubled * random.uniform(0.5, 1.0)
