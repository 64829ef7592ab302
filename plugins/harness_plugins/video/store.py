"""Video tokens on disk: what a tokenizer made of the frames of each video, found by the video's sha256.

```
<folder>/
  video.json                   Info: how frames were sampled and tokenised
  tokenizer/                   the tokenizer (`tokenizer.files`)
  videos/<sha256>.safetensors  times (F,) float64 seconds, tokens (F, P) int32; metadata: digest of the tokenizer, and rate
```
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.records import Example, MediaPart
from harness.whole_files import replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2  # 2: small pictures are made of a frame's planes (`areas`); 1: by FFmpeg's scaler
INFO, TOKENIZER, VIDEOS = "video.json", "tokenizer", "videos"
_MADE = "tokenizer and rate"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_EDGE = 1e-6  # seconds: a frame that begins where a span ends is not in it


class Info(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the videos of a folder were made into tokens.

    `rate`: frames sampled a second; `height`, `width`: pixels of a frame as the tokenizer saw it; `tokens`: of a frame; `codes`:
    kinds of video tokens, numbered from 0; `grid`: rows and columns of a frame's tokens, None where they have no place in the
    picture; `levels`: tokens of one place, one behind the other (residual quantisation); `tokenizer`: digest of its files.
    `version`: changes where the same videos and tokenizer give other tokens; those of all versions can be read, and not mixed.
    """

    rate: float
    height: int
    width: int
    tokens: int
    codes: int
    tokenizer: str
    grid: tuple[int, int] | None = None
    levels: int = 1
    version: int = 1


class VideoTokens:
    """Reads a folder of video tokens. Raises InputError where there is none, or where it is not whole."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        self.info = read_info(self.folder)

    @property
    def digest(self) -> str:
        """Changes with the tokenizer and the sampling; which videos are there it does not say."""
        info = self.info
        later = "" if info.version == 1 else f"-v{info.version}"
        return f"{info.tokenizer[:16]}-{info.rate:g}-{info.height}x{info.width}{later}"

    def has(self, sha256: str) -> bool:
        """Whether the video's tokens are there."""
        return path_of(self.folder, sha256).is_file()

    def video(self, sha256: str) -> "tuple[NDArray[np.float64], NDArray[np.int32]]":
        """Times (F,) in seconds and tokens (F, P) of all sampled frames of a video.

        InputError where it has none here, or its file is damaged."""
        from safetensors import SafetensorError, safe_open

        path = path_of(self.folder, sha256)
        try:
            with safe_open(path, framework="numpy") as file:
                made_by, times, tokens = file.metadata(), file.get_tensor("times"), file.get_tensor("tokens")
        except FileNotFoundError:
            raise InputError(f"{self.folder} has no tokens of the video {sha256[:12]}…; build it with this video") from None
        except (SafetensorError, KeyError, OSError, TypeError, ValueError) as error:
            raise InputError(f"{path}: not the tokens of a video ({error}); delete it and build again") from error
        if made_by != made_with(self.info):
            raise InputError(
                f"{path}: made {_told(made_by)}, and {self.folder / INFO} says {_told(made_with(self.info))}; delete it "
                "and build the folder again with this video: its tokens are made anew"
            )
        if times.ndim != 1 or tokens.shape != (len(times), self.info.tokens):
            raise InputError(f"{path}: {tokens.shape} tokens do not fit {self.folder / INFO}; delete it and build again")
        return times, tokens

    def of(self, part: MediaPart) -> "tuple[NDArray[np.float64], NDArray[np.int32]]":
        """Times (F,) and tokens (F, P) of the frames in a part's span, `start` ≤ time < `end`; where no sampled frame lies in
        it, the one that is shown there: the last before its start."""
        import numpy as np

        if part.sha256 is None:
            raise InputError(f"{part.uri}: a video part without sha256; its tokens cannot be found")
        times, tokens = self.video(part.sha256)
        start = -np.inf if part.start is None else part.start - _EDGE
        end = np.inf if part.end is None else part.end - _EDGE
        chosen = np.flatnonzero((times >= start) & (times < end))
        if not len(chosen) and len(times):
            chosen = np.array([max(int(np.searchsorted(times, start, side="right")) - 1, 0)])
        return times[chosen], tokens[chosen]


def read_info(folder: Path) -> Info:
    """What is said of a folder of video tokens; InputError where nothing is, or it cannot be read."""
    path = folder / INFO
    try:
        info = msgspec.json.decode(path.read_bytes(), type=Info)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder} holds no video tokens ({INFO} is missing); make them with the builder `video-text`") from None
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not a description of video tokens ({error})") from error
    if not 1 <= info.version <= VERSION:
        raise InputError(f"{path}: version {info.version} of video tokens is not known; update the program, or build anew")
    return info


def write_info(folder: Path, info: Info) -> None:
    """Writes what is said of a folder. InputError where it says something else already: tokens of two kinds are not mixed."""
    if (folder / INFO).is_file():
        before = read_info(folder)
        if before != info:
            changed = ", ".join(
                f"{name} {getattr(before, name)} → {getattr(info, name)}"
                for name in Info.__struct_fields__
                if getattr(before, name) != getattr(info, name)
            )
            raise InputError(f"{folder} holds video tokens of another kind ({changed}); give another folder, or delete it")
        return
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / INFO, msgspec.json.format(msgspec.json.encode(info, order="sorted")) + b"\n")


def write_video(folder: Path, sha256: str, times: "NDArray[np.float64]", tokens: "NDArray[np.int32]", info: Info) -> None:
    """Writes the tokens of one video whole, or not at all; processes may write the same one. `info`: how they were made."""
    import numpy as np
    from safetensors.numpy import save

    path = path_of(folder, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: Mapping[str, Any] = {
        "times": np.ascontiguousarray(times, np.float64),
        "tokens": np.ascontiguousarray(tokens, np.int32),
    }
    replace_file(path, save(dict(columns), metadata=made_with(info)))


def made_with(info: Info) -> dict[str, str]:
    """What the file of a video's tokens says of how they were made, so that those of two tokenizers do not mix in a folder. One
    key: several would be written in any order, and the same tokens are to be the same file."""
    return {_MADE: f"{info.tokenizer} {float(info.rate)!r}"}


def _told(made_by: Mapping[str, str] | None) -> str:
    tokenizer, _, rate = (made_by or {}).get(_MADE, "").partition(" ")
    return (
        f"by the tokenizer {tokenizer[:12]}… at {rate} frames a second" if tokenizer else "by a tokenizer that it does not name"
    )


def path_of(folder: Path, sha256: str) -> Path:
    """Where a video's tokens lie. InputError for what is no sha256: it becomes a file's name."""
    if not _SHA256.match(sha256):
        raise InputError(f"{sha256!r:.80} is no sha256 of a video")
    return folder / VIDEOS / f"{sha256}.safetensors"


def video_parts(example: Example) -> list[MediaPart]:
    """The parts of an aligned example that are video, in order."""
    return [
        part for message in example.messages for part in message.parts if isinstance(part, MediaPart) and part.media == "video"
    ]


def aligned_text(example: Example) -> str:
    """The text of an aligned example: of all its messages, joined by newlines."""
    return "\n".join(message.text for message in example.messages if message.text)


def local_path(uri: str, beside: Path | None = None) -> Path:
    """The file that a part's uri names: a path (relative ones lie below `beside`), or a `file:` address.

    InputError for other addresses: nothing is fetched from a network.
    """
    from urllib.parse import unquote, urlsplit

    if uri.startswith("file:"):
        address = urlsplit(uri)
        if address.netloc not in ("", "localhost"):
            raise InputError(f"{uri}: a video on another machine; give a path")
        return Path(unquote(address.path))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", uri):
        raise InputError(f"{uri}: videos are read from files, nothing is fetched; give a path")
    path = Path(os.path.expanduser(uri))
    return path if path.is_absolute() or beside is None else beside / path
