"""Coverage-guided fuzzing of one target, where atheris is installed.

python tests/fuzz/with_atheris.py 'run config' [options of libFuzzer]
"""

import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def main() -> None:
    """Fuzzes the target that the first argument names; an input that ends in anything but a HarnessError is reported and kept."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed (it has wheels for few versions of Python); benchmarks/fuzz.py needs none")
    with atheris.instrument_imports(include=["harness", "harness_plugins"]):
        from targets import targets

        from harness.errors import HarnessError
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        found = {target.name: target for target in targets(Path(folder))}
        name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
        if name not in found:
            sys.exit(f"give one of the targets: {', '.join(found)}")
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for place, seed in enumerate(found[name].seeds):
            (corpus / str(place)).write_bytes(seed)

        def run(data: bytes) -> None:
            with contextlib.suppress(HarnessError):
                found[name].run(data)

        atheris.Setup([*sys.argv, str(corpus)], run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
