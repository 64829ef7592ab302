"""What a llama.cpp server runs in: a watcher that ends with whoever started it, and the server, which ends with the watcher.

Run as a script with the settings as JSON in its argument; needs the standard library and `xllamacpp`. The watcher reads its
standard input, whose other end the starter holds: the end of file is the order to stop, and comes however the starter ends.
Two processes, since the package holds Python's lock while it reads a model: a thread of the server itself could not watch
meanwhile. The server writes `{"address": …}` to standard output once it answers; llama.cpp's messages go to standard error.
"""

import ctypes
import json
import os
import selectors
import signal
import sys
from typing import Any

_SET_PDEATHSIG = 1  # <linux/prctl.h>
_QUIET = 1  # errors and warnings; its usual level writes eight lines a request


def main() -> None:
    """Starts the server and ends with its exit status, or kills it once standard input ends."""
    settings = json.loads(sys.argv[1])
    watcher = os.getpid()
    ended, held = os.pipe()
    server = os.fork()
    if server == 0:
        os.close(ended)
        serve(settings, watcher, held)
        os._exit(0)
    os.close(held)
    os.close(1)  # only the server writes there
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        ready: set[int] = set()
        while not ready:
            ready = {key.fd for key, _ in selector.select()}
            if ready == {0} and os.read(0, 4096):
                ready = set()
    if ended not in ready:
        os.kill(server, signal.SIGKILL)
    _, status = os.waitpid(server, 0)
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)  # as a shell tells a signal


def serve(settings: dict[str, Any], watcher: int, held: int) -> None:
    """Serves on the loopback interface until killed. `held`: open as long as this process lives."""
    end_with(watcher)
    os.set_inheritable(held, False)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.cors_origins = "http://127.0.0.1"  # by default any page in a browser could read the answers
    params.endpoint_slots = False
    params.ui = False
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    params.n_ctx = settings["context"] * settings["slots"]
    params.n_parallel = settings["slots"]
    params.cache_prompt = settings["reuse_prompts"]
    params.cache_ram_mib = settings["prompt_mib"] if settings["reuse_prompts"] else 0
    params.verbosity = _QUIET
    server = xllamacpp.Server(params)
    print(json.dumps({"address": server.listening_address}), flush=True)
    while True:
        signal.pause()


def end_with(parent: int) -> None:
    """This process is killed when its parent ends, on Linux; ends it now if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    main()
