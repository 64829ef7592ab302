"""What a tokenizer is asked to be: its features, the size of its frames, its codebooks, and how it is fitted."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.errors import did_you_mean

PATCHES, ENCODER = "patches", "encoder"
LARGEST = 4096  # pixels of a frame's side, and of a patch's
_FOR_PATCHES, _FOR_ENCODERS = ("size", "detail"), ("model", "layer", "grid")
_SIDE = 64


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that have been checked (`read_settings`).

    `kind`: `patches` or `encoder`. `height`, `width`: pixels of a frame as the tokenizer sees it; None: as the encoder was
    trained. Of patches, `size`: pixels of a side; `detail`: how fine the pattern in a patch is told (`patches`). Of encoders,
    `model`: a folder or a hub name; `layer`: whose features, 0 the embeddings, -1 the last; `grid`: rows and columns that the
    features of a frame are averaged to, None: as the encoder has them. `codes`: of a codebook; `levels`: codebooks, 1 is
    k-means, more is residual quantisation; `sample`: patches that it is fitted on, at most; `seed`: of all draws.
    """

    kind: str = PATCHES
    height: int | None = None
    width: int | None = None
    size: int = 16
    detail: int = 5
    model: str | None = None
    layer: int = -1
    grid: tuple[int, int] | None = None
    codes: int = 512
    levels: int = 1
    sample: int = 50_000
    seed: int = 0


def read_settings(value: Any, height: int | None = None, width: int | None = None) -> Settings:
    """Settings from a mapping of a config; `height` and `width` are those of the frames where the mapping does not say them.

    ValueError for what cannot be used, by name and with what is allowed.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"tokenizer is a mapping such as {{kind: patches, codes: 512}}, or a saved folder, got {value!r:.80}")
    given = {str(key): one for key, one in value.items()}
    kind = given.setdefault("kind", ENCODER if "model" in given else PATCHES)
    if kind not in (PATCHES, ENCODER):
        raise ValueError(
            f"tokenizer: kind is `{PATCHES}` or `{ENCODER}`, got {kind!r:.80}.{did_you_mean(str(kind), (PATCHES, ENCODER))}"
        )
    foreign = _FOR_ENCODERS if kind == PATCHES else _FOR_PATCHES
    known = [name for name in Settings.__struct_fields__ if name not in foreign]
    for key in given:
        if key in foreign:
            raise ValueError(f"tokenizer: {key!r} is no setting of the kind `{kind}`; it has {', '.join(known)}")
        if key not in known:
            raise ValueError(f"tokenizer: unknown key {key!r}.{did_you_mean(key, known)}")
    for name, size in (("height", height), ("width", width)):
        if size is None:
            continue
        if given.get(name) is not None and given[name] != size:
            raise ValueError(f"{name}: {size} pixels of a frame are not the {given[name]} of the tokenizer; say one of the two")
        given[name] = size
    return _checked(given)


def _checked(given: dict[str, Any]) -> Settings:
    kind = given["kind"]
    for name in ("height", "width"):
        if given.get(name) is not None:
            _whole(name, given[name], 1, LARGEST)
    for name, least, most in (("codes", 1, 2**20), ("levels", 1, 64), ("sample", 1, 10**8), ("seed", 0, 2**63 - 1)):
        _whole(name, given.get(name, getattr(Settings(), name)), least, most)
    if kind == ENCODER:
        if not isinstance(given.get("model"), str) or not given["model"].strip():
            raise ValueError(f"tokenizer: model is a vision encoder's folder or hub name, got {given.get('model')!r:.80}")
        _whole("layer", given.get("layer", -1), -1000, 1000)
        if given.get("grid") is not None:
            given["grid"] = _grid(given["grid"])
    else:
        size = _whole("size", given.get("size", Settings().size), 1, LARGEST)
        _whole("detail", given.get("detail", min(Settings().detail, 2 * size - 1)), 1, 2 * size - 1)
        given.setdefault("detail", min(Settings().detail, 2 * size - 1))
        height, width = (given[name] if given.get(name) is not None else _SIDE for name in ("height", "width"))
        given.update(height=height, width=width)
        if height % size or width % size:
            raise ValueError(
                f"tokenizer: size {size}: patches of {size}×{size} pixels do not fill a frame {width} wide and {height} high; "
                f"size divides both: {', '.join(str(one) for one in range(1, 65) if height % one == 0 and width % one == 0)}"
            )
    settings = Settings(**given)
    if settings.sample < settings.codes:
        raise ValueError(
            f"tokenizer: sample is at least codes: {settings.codes} codes cannot be fitted on {settings.sample} patches"
        )
    return settings


def _grid(value: Any) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"tokenizer: grid is [rows, columns], got {value!r:.80}")
    return _whole("grid", value[0], 1, LARGEST), _whole("grid", value[1], 1, LARGEST)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"tokenizer: {name} is a whole number from {least} to {most:,}, got {value!r:.80}")
    return value
