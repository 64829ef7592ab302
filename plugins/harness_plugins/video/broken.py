"""The error of a video file that cannot be used, with a reason that a machine can count."""

from pathlib import Path
from typing import Literal, get_args

from harness.errors import InputError

Reason = Literal["cannot-open", "no-video", "no-frames", "truncated", "damaged"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class BrokenVideo(InputError):
    """A video that cannot be used, or not to its end. `reason` is one of `REASONS`, `detail` says it in words."""

    def __init__(self, path: str | Path, reason: Reason, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path, self.reason, self.detail = Path(path), reason, detail

    def __reduce__(self) -> tuple[type["BrokenVideo"], tuple[Path, Reason, str]]:
        """Workers hand it back to who asked them: an error is pickled by its message alone otherwise."""
        return type(self), (self.path, self.reason, self.detail)
