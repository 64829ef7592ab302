"""Jobs that processes can be given: they are found by their module's name."""

import os
import time


def square(number: int) -> tuple[int, int, str | None]:
    """Its square, the process and how many threads it may take; every third takes longer."""
    time.sleep(0.02 * (number % 3 == 0))
    return number * number, os.getpid(), os.environ.get("OMP_NUM_THREADS")


def dies_at_three(number: int) -> int:
    """The number, but for 3, where the process ends."""
    if number == 3:
        os._exit(9)
    return number


def raises_at_two(number: int) -> int:
    """The number, but for 2."""
    if number == 2:
        raise ValueError("two is refused")
    return number
