"""A plugin that is a plain file, sent by content to where no such file is."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class PluginFile:
    """The file as the sender read it."""

    path: str
    content: bytes

    @classmethod
    def read(cls, path: str | Path) -> "PluginFile":
        """The file as it is now."""
        file = Path(path).resolve()
        return cls(str(file), file.read_bytes())

    @property
    def sha256(self) -> str:
        """The digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """A path to this content under the file's own name: the sender's path where it holds the same, else a passing file."""
        if _holds(Path(self.path), self.content):
            yield Path(self.path)
            return
        with TemporaryDirectory(prefix="harness-plugin-") as folder:
            copy = Path(folder) / Path(self.path).name
            copy.write_bytes(self.content)
            yield copy


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:  # another machine, or another user's folder
        return False
