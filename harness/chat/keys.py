"""Keys of services: read from the environment when a call is made, and taken out of everything that is kept or said."""

import ipaddress
import json
import os
import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from harness.errors import ConfigError, ConnectionProblem

OPENAI = "https://api.openai.com/v1"
SHOWN = "[key]"
_SHORTEST = 8  # a shorter one ("EMPTY", "none") is no secret, and is a word that texts hold
_MASKED = re.compile(r"(?i)\bbearer\s+[^\s\"',;}]+|\bsk-[\w*.…+/=-]{6,}")  # error texts quote keys in part, too


def read_key(variable: str, base_url: str) -> str | None:
    """The key in this environment variable; None where there is none and the server is on this machine.

    Raises ConnectionProblem, naming the variable, where a server elsewhere would be asked without one.
    """
    key = os.environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise ConnectionProblem(
            f"the environment variable {variable} holds no key: keys are printable ASCII characters; set it again"
        )
    if key or is_loopback(base_url):
        return key or None
    raise ConnectionProblem(
        f"{host_of(base_url)} is asked with a key, and the environment variable {variable} is not set. Set it, or name another "
        "variable with key_env (for a server that wants no key, any word will do)"
    )


def redactor(key: str | None) -> Callable[[bytes], bytes]:
    """A function that replaces the key in bytes, as it is and as JSON or a URL would write it."""
    if key is None or len(key) < _SHORTEST:
        return lambda data: data
    quoted = json.dumps(key)[1:-1]
    forms = sorted({key, quoted, quoted.replace("/", "\\/"), quote(key), quote(key, safe="")}, key=len, reverse=True)
    wanted = [form.encode() for form in forms]

    def redact(data: bytes) -> bytes:
        for form in wanted:
            if form in data:
                data = data.replace(form, SHOWN.encode())
        return data

    return redact


def mask(text: str) -> str:
    """The text of an error without what looks like a key, whole or in part."""
    return _MASKED.sub(SHOWN, text)


def printable(text: str, most: int = 300) -> str:
    """The text with escapes for what a terminal would obey or not show, at most so many characters of it."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def checked_url(base_url: str | None) -> str:
    """The address to ask, without a slash at its end: as given, else OPENAI_BASE_URL, else OpenAI's.

    Raises ConfigError where it is no http(s) address or holds a password or a query, which would be written to files.
    """
    url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"base_url is an address such as http://localhost:8000/v1, got {mask(url.rpartition('@')[2])!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"base_url may hold no user, password or query (here for {parts.hostname}): it is written to manifests. "
            "Keys go into an environment variable, which key_env names"
        )
    return url


def host_of(base_url: str) -> str:
    """HOST[:PORT] of an address, in lower case."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port}" if parts.port else shown


def name_of(model: str, base_url: str, *, azure: bool = False) -> str:
    """MODEL@HOST[:PORT], and the path where it tells servers apart, as `/teamA/v1` and `/teamB/v1` behind a gateway.

    The plain paths (none, `/v1`) are left out, a `/v1` at the end too, and Azure's, where the deployment is the model. What is
    not printable, and `|`, is written as in a URL.
    """
    path = "" if azure else urlsplit(base_url).path.rstrip("/").removesuffix("/v1").rstrip("/")
    name = f"{model}@{host_of(base_url)}{'' if path == '/openai' else path}"
    return "".join(each if each.isprintable() and each != "|" else quote(each, errors="surrogatepass") for each in name)


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
