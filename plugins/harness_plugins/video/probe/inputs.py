"""What a probe stands on, as digests of contents: texts, video tokens and models. A path says nothing of what lies there now."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.errors import InputError
from harness.integrity import file_digest
from harness.records import Example
from harness.whole_files import replace_file
from harness_plugins.video.probe.words import Occurrence
from harness_plugins.video.store import INFO, VideoTokens, aligned_text, path_of, video_parts

FILE = "inputs.json"
_OF_A_MODEL = (".safetensors", ".json", ".txt", ".model")  # weights, settings and vocabularies


def examples_digest(examples: Iterable[Example]) -> str:
    """Changes with what is learned from or asked: ids, splits, languages, clips, texts and spans of video, and their order."""
    sha = hashlib.sha256()
    for one in examples:
        parts = [(part.sha256 or part.uri, part.start, part.end) for part in video_parts(one)]
        said = [one.id, one.kind, one.language, one.split, one.cluster, aligned_text(one), parts]
        sha.update(json.dumps(said).encode() + b"\n")
    return sha.hexdigest()


def tokens_digest(tokens: VideoTokens, examples: Iterable[Example]) -> str:
    """Changes with how videos became tokens, and with the files of those tokens that the examples name."""
    sha = hashlib.sha256(tokens.digest.encode())
    sha.update(file_digest(tokens.folder / INFO).encode())
    for name in sorted({part.sha256 for one in examples for part in video_parts(one) if part.sha256}):
        path = path_of(tokens.folder, name)
        sha.update(f"{name} {file_digest(path) if path.is_file() else 'is not there'}\n".encode())
    return sha.hexdigest()


def occurrences_digest(occurrences: Sequence[Occurrence]) -> str:
    """Changes with which words are asked for, and where they stand."""
    said = [(one.example, one.start, one.end, one.word) for one in occurrences]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def model_folder(name: str) -> Path:
    """The folder of a checkpoint, or that in which the base of a name (on the hub, of a package) lies.

    PluginError for one that is not there."""
    from harness_plugins.video.bases import find_base

    place = Path(name).expanduser()
    return place if place.is_dir() else find_base(name).folder


def model_digest(name: str) -> str:
    """Changes with the content of weights, settings and vocabulary of a model, wherever it lies."""
    sha = hashlib.sha256()
    for path in sorted(model_folder(name).iterdir()):
        if path.suffix in _OF_A_MODEL and path.is_file():
            sha.update(f"{path.name} {file_digest(path)}\n".encode())
    return sha.hexdigest()


def claim_inputs(folder: Path, inputs: Mapping[str, str], *, begun: bool) -> None:
    """Writes what the runs of a folder stand on (name → digest); InputError where it is something else than before, or where
    runs have `begun` and it is not known on what: answers on unlike material would be mixed."""
    path = folder / FILE
    try:
        before = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        if begun:
            raise InputError(
                f"{path} is missing, so nothing says on which texts and video tokens the runs of {folder} stand; give another "
                f"folder by --out, or delete {folder / 'runs'}"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.json.format(msgspec.json.encode(inputs, order="sorted")) + b"\n")
        return
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not a list of digests ({error}); give another folder by --out, or delete {folder}") from error
    changed = sorted(name for name in {**before, **inputs} if before.get(name) != inputs.get(name))
    if changed:
        raise InputError(
            f"{folder}: {' and '.join(changed)} changed since its runs began (see {FILE} in it), and runs on unlike material are "
            "not compared; give another folder by --out, or delete this one"
        )
