"""A user's regular expression matched under a time limit: one with nested repetitions may otherwise never end."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence

SECONDS = 30.0  # for all texts of a file together
_PROGRAM = """
import json, re, sys
asked = json.loads(sys.stdin.buffer.read())
pattern = re.compile(asked["pattern"], asked["flags"])
found = (pattern.fullmatch(text) for text in asked["texts"])
sys.stdout.write(json.dumps([match and match.groupdict() for match in found]))
"""


def match_all(pattern: re.Pattern[str], texts: Sequence[str], seconds: float = SECONDS) -> list[dict[str, str | None] | None]:
    """The named groups of the pattern in each text, None where it does not match the whole text.

    Matching is done in a process of its own, since nothing can stop it in this one. Raises TimeoutError after so many seconds.
    """
    asked = json.dumps({"pattern": pattern.pattern, "flags": pattern.flags, "texts": list(texts)})
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
    try:
        done = subprocess.run(command, input=asked.encode(), capture_output=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"the pattern {pattern.pattern!r} takes more than {seconds:g} seconds") from error
    found: list[dict[str, str | None] | None] = json.loads(done.stdout)
    return found
