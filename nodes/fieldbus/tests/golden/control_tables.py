"""Control tables as ROBOTIS' own SDK has them: `control_tables.json`, read by `tests/control_tables_golden.rs`.

Run by `cargo xtask golden` with the PyPI package `dynamixel-sdk`, whose part `dynamixel_easy_sdk` brings a file per model (and one for an
older firmware, `…_fw52.model`): addresses, sizes and names, no reset values and no ranges. Taken are those of the X series.

One table a line: [model number, file name, [[address, size, name]]]. Names that stand for several registers at once ("Indirect Address
Read") are left out; they are ROBOTIS' own use of the indirect registers.
"""

import json
from importlib.resources import files
from pathlib import Path

TABLES = files("dynamixel_easy_sdk") / "control_table"


def registers(text):
    _, _, table = text.partition("[control table]")
    for line in table.splitlines()[2:]:
        if line.strip():
            address, size, name = line.strip().split("\t")
            if not name.startswith("Indirect") or name.endswith(" 1"):
                yield [int(address), int(size), name]


def main():
    numbers = {}
    for line in (TABLES / "dynamixel.model").read_text(encoding="utf-8").splitlines()[1:]:
        number, name = line.split("\t")
        numbers[name.strip()] = int(number)
    lines = []
    for file in sorted(TABLES.iterdir(), key=lambda file: file.name):
        name = file.name
        latest = name.replace("_fw52", "")
        if name.startswith("x") and name != "xl320.model" and latest in numbers:
            lines.append(json.dumps([numbers[latest], name, list(registers(file.read_text(encoding="utf-8")))], separators=(",", ":")))
    path = Path(__file__).with_name("control_tables.json")
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{len(lines)} tables in {path.name}")


main()
