"""The models of a board: what makes a model's replies (by digest), and how it is opened, by lm-eval or by a generator plugin."""

import inspect
import json
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cache import Cache, cache_key
from harness.config import bind
from harness.config_parts import TRAINED
from harness.errors import ConfigError, MissingExtra, PluginError, did_you_mean
from harness.integrity import file_digest
from harness.leaderboard.config import BoardModel, LeaderboardConfig
from harness.leaderboard.config_entries import refused
from harness.leaderboard.generator_lm import GeneratorModel
from harness.leaderboard.records import ModelInfo
from harness.registry import PluginRef, Registry

_NAMESPACE = "file-digests"
_ANYHOW = frozenset(  # parameters that say how replies are computed, not which: the same replies without them
    {"batch_size", "max_batch_size", "device", "num_concurrent", "max_retries", "timeout", "rows", "batch_tokens"}
    | {"tensor_parallel_size", "data_parallel_size", "gpu_memory_utilization", "parallelize", "concurrency", "budget"}
)
_WEIGHTS = ("*.safetensors", "*.bin", "*.gguf", "*.pt")
_TOLD = ("*.json", "*.model", "*.txt", "*.jinja", "*.tiktoken", "*.vocab")
_SETTLED = 2.0  # seconds after which a change of a file shows in its times on every file system


@dataclass(frozen=True)
class ReadyModel:
    """A model that can be opened. `signature` changes with whatever its replies depend on; `pinned`: it says which weights they
    are, so that replies can be shared between runs. `tells_greedy`: whether a choice is what greedy decoding gives."""

    info: ModelInfo
    signature: str
    pinned: bool
    open: Callable[[], Any]
    tells_greedy: bool = True


def ready_model(model: BoardModel, config: LeaderboardConfig, registry: Registry, cache: Cache) -> ReadyModel:
    """The model, its checkpoint found and checked, not yet opened. Raises HarnessError for one that cannot be had."""
    ref = bind(model.plugin, registry, "generator") if model.by == "generator" else model.plugin
    params, training = _found(ref.params, config)
    _check_params(model.name, params)
    digest = _digest(params.values(), cache)
    if digest is None and model.by == "lm_eval":
        digest = _hub_commit(params)
    told = {key: value for key, value in params.items() if key not in _ANYHOW}
    parts: dict[str, Any] = {"by": model.by, "name": ref.name, "params": _plain(told), "digest": digest, "v": 1}
    if digest is not None:
        parts["params"] = {key: "(files)" if _is_path(value) else value for key, value in parts["params"].items()}
    info = ModelInfo(
        name=model.name,
        arguments=_plain(params),
        digest=digest,
        parameters=_parameters(params.values()),
        training=training,
        meta={"by": model.by, "opened_as": ref.name},
    )
    if model.by == "lm_eval":
        found_class = lm_eval_class(ref.name)
        return ReadyModel(
            info, cache_key(**parts), _is_pinned(digest, params), lambda: _open_lm_eval(ref.name, found_class, params)
        )
    generator = registry.build("generator", PluginRef(ref.name, params))
    signature: str | None = getattr(generator, "signature", None)
    parts["signature"] = signature
    pinned = signature is not None or digest is not None
    own = hasattr(generator, "lm_eval_model")
    return ReadyModel(info, cache_key(**parts), pinned, lambda: _open_generator(generator, model.name), tells_greedy=own)


def _open_generator(generator: Any, name: str) -> Any:
    """The generator's own way to be asked by lm-eval, where it has one: it then follows the task in everything."""
    own = getattr(generator, "lm_eval_model", None)
    return GeneratorModel(generator, name) if own is None else own()


def lm_eval_class(name: str) -> Any:
    """lm-eval's class of models of that name; ConfigError where there is none, MissingExtra where it cannot be loaded."""
    try:
        import lm_eval.models  # noqa: F401  (it registers its models; asked before that, the registry is left without them)
        from lm_eval.api.registry import get_model, model_registry
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error

    if name not in model_registry:
        raise ConfigError(f"lm-eval has no model {name!r}.{did_you_mean(name, model_registry)}")
    try:
        return get_model(name)
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error


def _open_lm_eval(name: str, found_class: Any, params: Mapping[str, Any]) -> Any:
    try:
        return found_class.create_from_arg_obj({**_device(found_class, params), **params})
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error
    except TypeError as error:
        raise PluginError(f"lm-eval's model {name!r} does not take these parameters: {error}") from error


def _device(found_class: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Where to compute, if nobody says where and what lm-eval takes for granted is a GPU that is not there."""
    if "device" in params or _default(found_class, "device") != "cuda":
        return {}
    import torch

    return {} if torch.cuda.is_available() else {"device": "cpu"}


def _default(found_class: Any, parameter: str) -> Any:
    """What the class, or the one that it hands its other parameters on to, takes for that parameter; None for nothing."""
    for one in found_class.__mro__:
        taken = inspect.signature(one.__init__).parameters
        if parameter in taken:
            return taken[parameter].default
        if not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
            return None
    return None


def _missing(name: str, error: ModuleNotFoundError) -> MissingExtra:
    if error.name is None:  # lm-eval's own words, which say what to install
        return MissingExtra(f"lm-eval's model {name!r}: {error}")
    return MissingExtra(
        f"lm-eval's model {name!r} needs the package {error.name!r}; install it with: pip install 'lm_eval[{name}]'"
    )


def _found(params: Mapping[str, Any], config: LeaderboardConfig) -> tuple[dict[str, Any], str | None]:
    """The parameters with `train:NAME` as the folder of that checkpoint, whose files are checked; and the training's name."""
    from harness.stages.train import read_trained

    found, training = dict(params), None
    for key, value in params.items():
        if isinstance(value, str) and value.startswith(TRAINED):
            if config.trainings is None:
                raise ConfigError(f"{value!r}: name the run folder of the training: `trainings: runs/NAME`")
            home = Path(config.trainings).expanduser() / "checkpoints"
            training = value.removeprefix(TRAINED)
            found[key] = str(home / read_trained(home, training).checkpoint)
    return found, training


def _check_params(name: str, params: Mapping[str, Any]) -> None:
    for key, value in params.items():
        why = refused(key, value)
        if why is not None:
            raise ConfigError(f"model {name!r}: {why}")


def _is_path(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(value) and Path(value).expanduser().exists()
    except OSError:  # a text that is too long for a name
        return False


def _digest(values: Iterable[Any], cache: Cache) -> str | None:
    """sha256 over the files that the parameters name (a model's folder, an adapter's, a GGUF file), None where they name none."""
    paths = [Path(value).expanduser() for value in values if _is_path(value)]
    if not paths:
        return None
    files = [file for path in paths for file in _model_files(path)]
    return cache_key(files=[[file.name, kept_digest(file, cache)] for file in files])


def _model_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted({file for pattern in (*_WEIGHTS, *_TOLD) for file in path.glob(pattern) if file.is_file()})


def kept_digest(path: Path, cache: Cache) -> str:
    """sha256 of a file; of a large one that has not changed since, the one that was found before."""
    found = path.resolve().stat()
    key = cache_key(path=str(path.resolve()), state=[found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino])
    kept = cache.get(key, namespace=_NAMESPACE)
    if kept is not None:
        return kept.decode()
    digest = file_digest(path)
    if max(found.st_mtime, found.st_ctime) < time.time() - _SETTLED:
        cache.put(key, digest.encode(), namespace=_NAMESPACE)
    return digest


def _hub_commit(params: Mapping[str, Any]) -> str | None:
    """The commit that a name on the hub stands for, None where the hub cannot be reached or the model is no hub's."""
    name, revision = params.get("pretrained"), params.get("revision")
    if not isinstance(name, str) or _is_path(name):
        return None
    try:
        from huggingface_hub import hf_hub_download

        config = Path(hf_hub_download(name, "config.json", revision=revision))
    except Exception:  # no such package, name or network: opening the model tells it better, and the replies stay in this run
        return None
    return f"hub:{name}@{config.parent.name}"


def _is_pinned(digest: str | None, params: Mapping[str, Any]) -> bool:
    """A model behind an address is told by its name and address."""
    return digest is not None or isinstance(params.get("model"), str)


def _parameters(values: Iterable[Any]) -> int | None:
    """How many weights the model in a folder has, by the headers of its safetensors files; None where there are none."""
    for value in values:
        if _is_path(value) and (folder := Path(value).expanduser()).is_dir():
            files = sorted(folder.glob("model*.safetensors"))
            if files:
                return sum(map(_weights, files))
    return None


def _weights(path: Path) -> int:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > 100_000_000:
            raise PluginError(f"{path}: not a safetensors file (its header would be {length:,} bytes long)")
        header = json.loads(file.read(length))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for dimension in tensor["shape"]:
                size *= dimension
            total += size
    return total


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(dict(params), default=str))
