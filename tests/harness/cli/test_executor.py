"""The options --executor, --workers and --ray-address change where outputs are scored and generated, and nothing else."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from generated import make_questions, outputs_held, write_generator
from scored import held, processes, write_plugin
from toy_jobs import is_alive, wait_until

from harness.cli.main import harness
from harness.records import to_json

SYSTEMS = ("a", "b")


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    file = tmp_path / "ratings.csv"
    rows = [f"i{i},{system},svar {i} {'x' * (i % 5)},facit {i},{i % 5},p" for i in range(24) for system in SYSTEMS]
    file.write_text("\n".join(["item,system,text,reference,rating,rater", *rows]) + "\n")
    return file


def invoke(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def options(ratings: Path) -> list[str]:
    return ["--judgments", f"table:{ratings}", "--metric", "chrf", "--metric", "rouge-l"]


@pytest.mark.parametrize("executor", [["local"], ["local", "--workers", "3"], ["auto"]], ids=" ".join)
def test_a_run_folder_is_the_same_to_the_byte(ratings: Path, tmp_path: Path, executor: list[str]) -> None:
    said = [
        invoke("score", *options(ratings), "--output", tmp_path / name, "--executor", *chosen, "--json").stdout
        for name, chosen in (("one", ["serial"]), ("other", executor))
    ]
    assert said[0] == said[1]
    assert held(tmp_path / "one") == held(tmp_path / "other")
    assert len(held(tmp_path / "one")) == 3  # the table, and a segment of each metric under the same stage id


def test_what_one_executor_saved_another_reuses(ratings: Path, tmp_path: Path) -> None:
    invoke("score", *options(ratings), "--output", tmp_path / "run", "--executor", "local")
    plan = json.loads(invoke("score", *options(ratings), "--output", tmp_path / "run", "--dry-run", "--json").stdout)
    assert [(row["saved"], row["to_score"]) for row in plan["metrics"]] == [(48, 0), (48, 0)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--executor", "spark"], "Invalid value for '--executor'"),
        (["--workers", "0"], "Invalid value for '--workers'"),
        (["--executor", "serial", "--workers", "2"], "`workers` goes with the executors auto, local and ray: serial has none"),
        (["--executor", "local", "--ray-address", "h:1"], "`ray_address` goes with the executor ray, not with local"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_wrong_use(ratings: Path, given: list[str], said: str) -> None:
    assert said in invoke("score", *options(ratings), *given, code=2).stderr


def test_the_config_says_where_and_an_option_says_otherwise(ratings: Path, tmp_path: Path) -> None:
    plugin, log, config = write_plugin(tmp_path), tmp_path / "log", tmp_path / "run.yaml"
    config.write_text(
        f"judgments: 'table:{ratings}'\nmetrics: [{{slow: {{log: '{log}'}}}}]\nplugins: [{plugin}]\n"
        "metaevaluate: {resamples: 20, draws: 20, random_draws: 5}\nexecutor: {name: local, workers: 2}\n"
    )
    invoke("run", config, "--output", tmp_path / "one")
    assert processes(log)  # other processes than this one
    log.unlink()
    invoke("run", config, "--output", tmp_path / "two", "--executor", "serial")
    assert processes(log) == set()
    assert (tmp_path / "one" / "config.yaml").read_text() == (tmp_path / "two" / "config.yaml").read_text()
    assert held(tmp_path / "one") == held(tmp_path / "two")


def test_an_experiment_generates_where_its_config_or_an_option_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plugin, log, config = write_generator(tmp_path), tmp_path / "log", tmp_path / "ask.yaml"
    Path("questions.jsonl").write_bytes(b"".join(to_json(one) + b"\n" for one in make_questions(30)))
    config.write_text(
        f"examples: questions.jsonl\ngenerate: {{systems: [{{name: s, generator: {{beside: {{log: '{log}'}}}}}}]}}\n"
        f"plugins: [{plugin}]\nexecutor: {{name: local, workers: 2}}\n"
    )
    for command, options, elsewhere in (
        ("generate", [], True),
        ("run", [], True),
        ("generate", ["--executor", "serial"], False),
        ("run", ["--executor", "serial"], False),
    ):
        invoke(command, config, "--output", "one", *options)
        assert bool(processes(log)) == elsewhere
        log.unlink()
        held_now = outputs_held(Path("one"))
        assert held_now == outputs_held(Path("first")) if Path("first").exists() else len(held_now) == 2
        Path("one").rename("first" if not Path("first").exists() else f"{command}-{elsewhere}")
    said = {folder: (Path(folder) / "config.yaml").read_text() for folder in ("first", "generate-False")}
    assert said["first"] == said["generate-False"]
    config.write_text(config.read_text().replace("name: local, workers: 2", "name: loca"))
    assert "ask.yaml, line 4, executor.name" in invoke("generate", config, code=2).stderr


def test_ctrl_c_leaves_no_worker_and_the_same_command_goes_on(ratings: Path, tmp_path: Path) -> None:
    plugin, log = write_plugin(tmp_path), tmp_path / "log"
    command = [sys.executable, "-m", "harness", "score", "--judgments", f"table:{ratings}", "--plugin", str(plugin)]
    command += ["--metric", f"slow:seconds=1.2,log={log}", "--output", str(tmp_path / "run"), "--executor", "local"]
    running = subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.PIPE, text=True, start_new_session=True)
    # Once a second batch is written the first is safe; what Ctrl-C meets before it is on disk is taken back.
    assert wait_until(lambda: any(path.read_bytes().count(b"\n") > 1 for path in (tmp_path / "run").rglob("*.jsonl")), 120)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    assert "interrupted; run the same command again to resume" in running.communicate(timeout=120)[1]
    assert running.returncode == 130
    assert wait_until(lambda: not any(map(is_alive, processes(log))))
    again = subprocess.run([*command, "--workers", "2"], capture_output=True, text=True, timeout=180)
    assert again.returncode == 0, again.stderr
    saved = re.findall(r"48 of 48 \((\d+) reused\)", again.stderr)
    assert saved, again.stderr
    assert 4 <= int(saved[0]) < 48


@pytest.mark.slow
def test_ray_on_this_machine_alone_listens_to_nobody_else_and_leaves_stdout_to_the_results(ratings: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'metaeval-harness[distributed]'")
    plugin, log = write_plugin(tmp_path), tmp_path / "log"
    command = [sys.executable, "-m", "harness", "score", *options(ratings), "--plugin", str(plugin), "--json"]
    command += ["--metric", f"slow:seconds=0.3,log={log}"]
    ray = [*command, "--output", str(tmp_path / "ray"), "--executor", "ray", "--workers", "1"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    running = subprocess.Popen(ray, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert wait_until(lambda: processes(log), 120)
    family = {running.pid, *descendants(running.pid)}
    assert len(family) > 3
    assert {address for pid in family for address in listening(pid)} <= {"127.0.0.1", "::1"}
    os.kill(min(processes(log)), signal.SIGKILL)  # Ray has much to say of that
    said, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    serial = subprocess.run([*command, "--output", str(tmp_path / "serial")], capture_output=True, text=True, timeout=60)
    assert said == serial.stdout
    assert held(tmp_path / "ray") == held(tmp_path / "serial")
    assert wait_until(lambda: not any(map(is_alive, family)))


def descendants(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            child = int(path.parent.name)
            yield child
            yield from descendants(child)


def listening(pid: int) -> Iterator[str]:
    """The addresses on which the process takes TCP connections."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            sockets.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
        except FileNotFoundError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                yield readable(fields[1].partition(":")[0])


def readable(address: str) -> str:
    import ipaddress

    words = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
    found = ipaddress.ip_address(words)
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
