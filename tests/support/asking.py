"""A process that asks a server, to be killed or interrupted: python asking.py URL FOLDER FIRST LAST [setting=value …]"""

import json
import logging
import sys

from harness.chat.client import ChatModel
from harness.chat.messages import Request
from harness.chat.store import ReplyStore


def requests(first: int, last: int) -> list[Request]:
    """Those that the process asks."""
    return [Request(messages=(("user", f"nummer {n}"),), params={"max_tokens": 10}) for n in range(first, last)]


def main(url: str, folder: str, first: str, last: str, *settings: str) -> None:
    """Prints the statuses and texts of its replies as JSON."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    chosen = {name: json.loads(value) for name, _, value in (setting.partition("=") for setting in settings)}
    judge = ChatModel("tiny", base_url=url, store=ReplyStore(folder), **{"backoff": 0.01, "concurrency": 4, **chosen})
    print("ready", flush=True)
    try:
        replies = judge.ask(requests(int(first), int(last)))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
    print(json.dumps([[reply.status, reply.text] for reply in replies]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
