"""Files come from a pinned address over a real connection, right or not at all."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import check_data, data_home, find_data, get_data
from harness.errors import AbsentData, InputError
from harness.protocols import DataFiles

CONTENT = {"a.txt": b"hej\n", "deep/er/b c.json": '{"text": "åäö"}'.encode(), "big.bin": bytes(range(256)) * 2000}


def files(base_url: str) -> DataFiles:
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in CONTENT.items()}
    return DataFiles(folder="demo-set", base_url=base_url, files=digests, licence="CC0-1.0", source="https://example.org/demo")


class Server:
    """A web server on the loopback that serves `content`, and may cut answers short."""

    def __init__(self) -> None:
        self.content = {f"/commit/{path.replace(' ', '%20')}": content for path, content in CONTENT.items()}
        self.requests: list[str] = []
        self.cut_after: int | None = None
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                content = server.content.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: server.cut_after])

            def log_message(self, *arguments: object) -> None:
                """Keeps the test's output clean."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/commit"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.http.shutdown()
    thread.join()
    served.http.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


def everything_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_arrive_with_their_content(server: Server, home: Path) -> None:
    folder = get_data(files(server.url))
    assert folder == home / "demo-set"
    assert everything_under(folder) == CONTENT
    assert find_data(files(server.url), "demo") == folder
    assert set(check_data(files(server.url)).values()) == {"ok"}


def test_a_second_call_fetches_nothing(server: Server) -> None:
    get_data(files(server.url))
    said: list[str] = []
    get_data(files(server.url), report=said.append)
    assert len(server.requests) == 3
    assert said == [f"{path}: already there" for path in CONTENT]


def test_an_interrupted_fetch_goes_on_where_it_stopped(server: Server, home: Path) -> None:
    missing = server.content.pop("/commit/big.bin")
    with pytest.raises(InputError, match=r"/commit/big\.bin: the server answered 404 Not Found"):
        get_data(files(server.url))
    assert set(everything_under(home)) == {"demo-set/a.txt", "demo-set/deep/er/b c.json"}
    server.content["/commit/big.bin"] = missing
    server.requests.clear()
    get_data(files(server.url))
    assert server.requests == ["/commit/big.bin"]


def test_a_connection_that_ends_early_leaves_nothing(server: Server, home: Path) -> None:
    server.cut_after = 3
    with pytest.raises(InputError, match=r"a\.txt: .*(ended after 3 of 4 bytes|3 bytes read)"):
        get_data(files(server.url))
    assert everything_under(home) == {}


def test_wrong_content_is_refused_with_both_digests(server: Server, home: Path) -> None:
    server.content["/commit/a.txt"] = b"nej\n"
    wrong, right = (hashlib.sha256(text).hexdigest() for text in (b"nej\n", b"hej\n"))
    with pytest.raises(InputError, match=f"sha256 is {wrong}, pinned is {right}; the file was refused"):
        get_data(files(server.url))
    assert everything_under(home) == {}


def test_a_wrong_file_in_the_home_is_found_and_replaced(server: Server) -> None:
    folder = get_data(files(server.url))
    (folder / "a.txt").write_bytes(b"changed")
    (folder / "big.bin").unlink()
    assert check_data(files(server.url)) == {"a.txt": "wrong", "deep/er/b c.json": "ok", "big.bin": "missing"}
    said: list[str] = []
    get_data(files(server.url), report=said.append)
    assert said[0] == "a.txt: 4 bytes, sha256 right, replaced"
    assert everything_under(folder) == CONTENT


def test_a_wrong_file_stays_when_its_replacement_is_refused(server: Server) -> None:
    folder = get_data(files(server.url))
    (folder / "a.txt").write_bytes(b"changed")
    server.content["/commit/a.txt"] = b"also wrong"
    with pytest.raises(InputError, match="refused"):
        get_data(files(server.url))
    assert everything_under(folder)["a.txt"] == b"changed"


def test_another_address_replaces_the_pinned_one(server: Server, home: Path) -> None:
    get_data(files("http://127.0.0.1:9/nothing-listens-here"), base=server.url + "/")
    assert everything_under(home / "demo-set") == CONTENT


@pytest.mark.parametrize("inside", ["", "demo-set"])
def test_a_folder_serves_as_well_as_an_address(inside: str, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path, content in CONTENT.items():
        (copy / inside / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / inside / path).write_bytes(content)
    get_data(files("http://127.0.0.1:9"), base=str(copy))
    assert everything_under(home / "demo-set") == CONTENT


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/a\.txt: cannot be fetched.*use --from"):
        get_data(files("http://127.0.0.1:9"))
    assert everything_under(home) == {}


@pytest.mark.parametrize("base", ["ftp://example.org/x", "/no/such/folder"])
def test_a_base_that_is_neither_address_nor_folder_is_refused(base: str) -> None:
    with pytest.raises(InputError, match="neither an http"):
        get_data(files("http://127.0.0.1:9"), base=base)


def test_absent_data_is_answered_with_the_command_and_the_variable(home: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_data(files("http://127.0.0.1:9"), "demo")
    message = str(caught.value)
    assert str(home / "demo-set" / "a.txt") in message
    assert "harness data get demo" in message
    assert "set HARNESS_DATA to a folder that holds demo-set/" in message


def test_files_without_an_address_are_taken_from_a_folder_and_the_user_is_told_how(home: Path, tmp_path: Path) -> None:
    unaddressed = replace(files(""), by_hand="unpack the package, then `harness data get demo --from FOLDER`")
    with pytest.raises(
        InputError, match=r"demo-set/a\.txt has no address .* unpack the package, then `harness data get demo --from"
    ):
        get_data(unaddressed)
    with pytest.raises(InputError, match=r"a\.txt is absent .*; unpack the package, then .*, or set HARNESS_DATA"):
        find_data(unaddressed, "demo")
    for path, content in CONTENT.items():
        (tmp_path / "package" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / path).write_bytes(content)
    folder = get_data(unaddressed, base=str(tmp_path / "package"))
    assert everything_under(folder) == CONTENT
    assert get_data(unaddressed) == folder  # nothing is left to fetch


def test_the_home_is_the_users_data_folder_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    assert data_home() == tmp_path
    monkeypatch.setenv("HARNESS_DATA", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert data_home() == tmp_path / "xdg" / "harness"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_home() == tmp_path / ".local" / "share" / "harness"


def test_data_of_which_a_part_is_there_is_broken_and_not_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    demo = files("https://example.org")
    with pytest.raises(AbsentData, match=r"a\.txt is absent"):
        find_data(demo, "demo")
    (tmp_path / "demo-set").mkdir()
    (tmp_path / "demo-set" / "a.txt").write_bytes(CONTENT["a.txt"])
    with pytest.raises(InputError, match="is absent") as caught:
        find_data(demo, "demo")
    assert not isinstance(caught.value, AbsentData)
