"""A tokenizer in a folder: saved whole, and loaded only as it was saved.

```
<folder>/
  tokenizer.json         Description: settings, what it was fitted on, digests
  tokenizer.safetensors  codebooks (L, K, D) float32; of encoders also shift and scale (D,)
  report.json            how well it tells what it was fitted on (`report`); not part of the digest
```
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.video.tokenizer.settings import Settings
from harness_plugins.video.tokenizer.tokenizer import Fitted, Tokenizer

if TYPE_CHECKING:
    from harness_plugins.video.tokenizer.features import Features

DESCRIPTION, WEIGHTS, REPORT = "tokenizer.json", "tokenizer.safetensors", "report.json"
_VERSION = 1


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `tokenizer.json` says. `weights`: sha256 of the file beside it; `encoder`: digest of the vision encoder's files, ""
    without one; `tokens` of a frame, `grid` their rows and columns, `dimensions` of a feature."""

    settings: Settings
    fitted: Fitted
    height: int
    width: int
    tokens: int
    grid: tuple[int, int] | None
    dimensions: int
    encoder: str
    weights: str
    version: int = _VERSION

    @property
    def digest(self) -> str:
        """Changes with every token that could come out; where the encoder's folder lies does not matter, nor whether the share of
        videos that was held out is known."""
        settings = msgspec.structs.replace(self.settings, model=None)
        fitted = msgspec.structs.replace(self.fitted, held_out=msgspec.UNSET)
        said = msgspec.structs.replace(self, settings=settings, fitted=fitted)
        return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def make(
    settings: Settings, features: "Features", arrays: dict[str, Any], fitted: Fitted
) -> tuple[Tokenizer, Description, bytes]:
    """A tokenizer of these codebooks (`codebooks`, and perhaps `shift` and `scale`), with what its files are to hold."""
    from safetensors.numpy import save

    weights = save(arrays)
    levels = len(arrays["codebooks"])
    description = Description(
        settings=settings,
        fitted=fitted,
        height=features.height,
        width=features.width,
        tokens=features.positions * levels,
        grid=features.grid,
        dimensions=features.dimensions,
        encoder=features.digest,
        weights=hashlib.sha256(weights).hexdigest(),
    )
    about = {"shift": arrays.get("shift"), "scale": arrays.get("scale")}
    return Tokenizer(settings, features, arrays["codebooks"], fitted, description.digest, **about), description, weights


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the tokenizer, unless it is there whole; InputError where the folder holds another one."""
    arrays = {"codebooks": tokenizer.codebooks, "shift": tokenizer.shift, "scale": tokenizer.scale}
    given = {name: array for name, array in arrays.items() if array is not None}
    _, description, weights = make(tokenizer.settings, tokenizer.features, given, tokenizer.fitted)
    if (folder / DESCRIPTION).is_file():
        before = read_description(folder)
        if before.digest != description.digest:
            raise InputError(
                f"{folder} holds another tokenizer ({before.digest[:12]}… instead of {description.digest[:12]}…); "
                "give another folder, or delete it"
            )
        with suppress(OSError):
            if (folder / WEIGHTS).read_bytes() == weights:
                return
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / WEIGHTS, weights)
    replace_file(folder / DESCRIPTION, msgspec.json.format(msgspec.json.encode(description, order="sorted")) + b"\n")


def load_tokenizer(folder: str | Path, device: str = "cpu") -> Tokenizer:
    """The tokenizer of a folder.

    InputError for one that is not there, damaged, or whose encoder is not the one that it was fitted with."""
    from harness_plugins.video.tokenizer.features import open_features

    folder = Path(folder).expanduser()
    said = read_description(folder)
    arrays = _read_weights(folder, said)
    features = open_features(said.settings, device)
    if features.digest != said.encoder:
        raise InputError(
            f"{folder}: it was fitted with another encoder than {said.settings.model!r} now is ({said.encoder[:12]}… instead of "
            f"{features.digest[:12]}…); give back the encoder's files, or fit a tokenizer anew"
        )
    found = (features.height, features.width, features.positions * said.settings.levels, features.grid, features.dimensions)
    if found != (said.height, said.width, said.tokens, said.grid, said.dimensions):
        raise InputError(f"{folder / DESCRIPTION}: its sizes do not fit its settings; fit the tokenizer anew")
    about = {"shift": arrays.get("shift"), "scale": arrays.get("scale")}
    return Tokenizer(said.settings, features, arrays["codebooks"], said.fitted, said.digest, **about)


def read_description(folder: Path) -> Description:
    """What a saved tokenizer says of itself, none of its numbers read. InputError where there is none, or it is damaged."""
    path = folder / DESCRIPTION
    try:
        said = msgspec.json.decode(path.read_bytes(), type=Description)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder} holds no video tokenizer ({DESCRIPTION} is missing)") from None
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(f"{path}: not the description of a video tokenizer ({error}); fit it anew") from error
    if said.version != _VERSION:
        raise InputError(f"{path}: version {said.version} of video tokenizers is not known; update the program, or fit it anew")
    return said


def _read_weights(folder: Path, said: Description) -> "dict[str, Any]":
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / WEIGHTS
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the codebooks of the tokenizer are missing ({error.strerror}); fit it anew") from error
    found = hashlib.sha256(data).hexdigest()
    if found != said.weights:
        raise InputError(
            f"{path}: the file was damaged or changed since it was saved (sha256 {found[:12]}… instead of {said.weights[:12]}…); "
            "fit the tokenizer anew"
        )
    try:
        arrays = load(data)
        books = arrays["codebooks"]
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not the codebooks of a video tokenizer ({error}); fit it anew") from error
    settings = said.settings
    expected = (settings.levels, settings.codes, said.dimensions)
    if books.shape != expected or any(one.shape != (said.dimensions,) for name, one in arrays.items() if name != "codebooks"):
        raise InputError(f"{path}: codebooks {books.shape} are not {expected} as {DESCRIPTION} says; fit the tokenizer anew")
    for name, one in arrays.items():
        if one.dtype != np.float32 or not np.isfinite(one).all():
            raise InputError(f"{path}: {name} holds what is no finite float32 number; fit the tokenizer anew")
    return arrays
