"""Writes cia402.json: the statuswords, controlwords and modes of python's canopen.

Run by `cargo xtask golden` with the PyPI package `canopen`; tests/cia402.rs holds our tables against these.
"""

import json
from pathlib import Path

from canopen.profiles.p402 import OperationMode, State402


def main():
    golden = {
        "canopen": "2.4.1",
        "states": {name.lower(): list(words) for name, words in State402.SW_MASK.items()},
        "transitions": [[old.lower(), new.lower(), word] for (old, new), word in State402.TRANSITIONTABLE.items()],
        "modes": [[code, OperationMode.SUPPORTED[name]] for name, code in OperationMode.NAME2CODE.items()],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
