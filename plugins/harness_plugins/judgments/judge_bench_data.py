"""Where the ready data sets of JUDGE-BENCH lie: its repository at one commit, with the sha256 of each file."""

from collections.abc import Iterable

from harness.protocols import DataFiles

COMMIT = "5a0bf500325029efb5dc8adff2c1e991996f0e78"
SOURCE = "https://github.com/dmg-illc/JUDGE-BENCH"
_SHA256 = {
    "data/cola/cola.json": "0cc14120c2fb46ddc3b5541844772454f05b8831792f3c655c16f2c148cfc80d",
    "data/llmbar/data-adversarial.json": "13aeccef64f46870a978322c68493508dd74cd1297ca38d04f41f692f6a1c4b5",
    "data/llmbar/data-natural.json": "6b0bc161719a1b80dd2f5155cf39a28f8e9f89e222eb06b969e23b05b579cd60",
    "data/recipe_crowd_sourcing_data/meta_evaluation_recipes.json": (
        "f65832bb83d2969e9eb3156ff89c6c412eb650ed0cfde5e8a81b08dcad871eca"
    ),
    "data/roscoe/roscoe-cosmos-overall.json": "d8d320c8198edbc42dfac451a6c53ee14d653773e7becb4ffa3a6a4be2ab11aa",
    "data/roscoe/roscoe-drop-overall.json": "30fd07f5dc77425c82e4c15da98d2b5ef5fae02671e55fc4fa7e3d0933856496",
    "data/roscoe/roscoe-esnli-overall.json": "a894de22df1d5e622d745060f93f9b5219697fc7f0fa11225616423bf3ffeb8a",
    "data/roscoe/roscoe-gsm8k-overall.json": "6e4392f8998a39a0435116857914225885d7acf8fb21f4204b48c210a40e604b",
}


def data_files(paths: Iterable[str], licence: str) -> DataFiles:
    """These files of the repository, at the pinned commit; `licence` is that of the data set, not of the repository."""
    return DataFiles(
        folder="judge-bench",
        base_url=f"https://raw.githubusercontent.com/dmg-illc/JUDGE-BENCH/{COMMIT}",
        files={path: _SHA256[path] for path in paths},
        licence=licence,
        source=SOURCE,
    )
