"""A rater at work in a process of its own: answers tasks and says which are acknowledged, until it is done or killed.

python writing_process.py STUDY.yaml DATABASE RATER DELAY
"""

import sys
import time

from harness.annotate.store import open_store
from harness.annotate.study_file import load_study


def work(study: str, database: str, pseudonym: str, delay: float) -> None:
    store = open_store(load_study(study), database)
    rater = store.record_consent(store.rater(pseudonym))
    print("begun", flush=True)
    while (task := store.next_task(rater)) is not None:
        answers = dict.fromkeys(task.criteria, 1 + task.position % 3)
        saved = store.save_answer(rater, task.id, answers, client_id=f"{pseudonym}-{task.position:06}", seconds=1.5)
        print(saved.position, flush=True)
        time.sleep(delay)
    print("done", flush=True)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
