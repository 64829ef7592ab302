"""Ctrl-C before a command has begun: one line and exit code 130, as later, where Python would show a traceback.

Reading the modules of the command line takes a tenth of a second, in which nothing has been begun that would have to be ended.
"""

import os
import signal
from types import FrameType

INTERRUPTED = 130


def begin() -> None:
    """From now on Ctrl-C ends the process at once. Left alone where it is ignored, as in the background of a shell."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def end() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt again, which whoever is at work can catch."""
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(number: int, frame: FrameType | None) -> None:
    os.write(2, b"interrupted before anything was begun\n")
    os._exit(INTERRUPTED)
