"""The command `harness`, and `python -m harness`."""

from harness.cli import startup


def main() -> None:
    """Runs the command line and exits. Ctrl-C ends it with 130 and one line, also while modules are still being read."""
    startup.begin()
    from harness.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
