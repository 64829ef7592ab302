"""Environments with the oldest and with the newest dependencies that pyproject.toml allows, for what the gate measures.

    python benchmarks/gate_environments.py FOLDER [oldest] [newest]

makes FOLDER/oldest and FOLDER/newest: `python -m venv`, then pip. The oldest: each lower bound of `dependencies` and of the
extras `rouge` and `bertscore` as an equality; where pip finds that two bounds cannot be met together, it says which, and the
bound is to be mended in pyproject.toml. torch is the version of constraints.txt in both: older ones come with several GB for
GPUs. What the bounds do not name (tokenizers, huggingface-hub …) is what pip chooses. An environment that is there is left as it
is, unless its list of packages has changed.
"""

import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("rouge", "bertscore")
KINDS = ("oldest", "newest")


def requirements(kind: str, root: Path = ROOT) -> list[str]:
    """What pip is asked for: names alone, or each with the oldest version allowed; torch as constraints.txt has it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]
    bounds = dict(_bound(one) for one in wanted)
    bounds.pop("torch", None)
    return [f"torch=={torch(root)}", *(f"{name}=={low}" if kind == "oldest" else name for name, low in bounds.items())]


def torch(root: Path = ROOT) -> str:
    """The version of torch in constraints.txt."""
    found = re.search(r"^torch==(\S+)$", (root / "constraints.txt").read_text(encoding="utf-8"), re.M)
    assert found is not None, "constraints.txt names no torch"
    return found.group(1)


def environment(folder: Path, kind: str) -> Path:
    """The environment's Python; made where it is not there or is another one's."""
    home, wanted = folder / kind, "\n".join(requirements(kind))
    python, mark = home / "bin" / "python", home / "requirements.txt"
    if python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    print(f"{home}: installing {wanted.replace(chr(10), ' ')}", flush=True)
    if not python.exists():
        venv.create(home, with_pip=True)
    limit = home / "torch.txt"
    limit.write_text(f"torch=={torch()}\n", encoding="utf-8")
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", limit, *requirements(kind)], check=True)
    mark.write_text(wanted, encoding="utf-8")
    return python


def _bound(requirement: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)", requirement)
    assert found is not None, f"expected NAME>=VERSION, got {requirement!r}"
    return found.group(1), found.group(2)


def main(arguments: Sequence[str]) -> None:
    if not arguments or set(arguments[1:]) - set(KINDS):
        sys.exit(__doc__)
    for kind in arguments[1:] or KINDS:
        print(environment(Path(arguments[0]).resolve(), kind))


if __name__ == "__main__":
    main(sys.argv[1:])
