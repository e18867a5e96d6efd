"""The stand-ins are the real thing on the wire: same type hashes, same constants.

Reads what is installed under AMENT_PREFIX_PATH, so it holds for the stand-ins and for a distribution's own packages alike.
"""

import json
import os
import re
from pathlib import Path

import pytest

PREFIXES = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
EXPECTED = dict(
    line.split()
    for line in Path(__file__).with_name("type_hashes.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
# A type hash covers names, types and order of fields, but not constants (REP-2016).
CONSTANTS = {
    "control_msgs/action/FollowJointTrajectory": {
        "SUCCESSFUL": 0,
        "INVALID_GOAL": -1,
        "INVALID_JOINTS": -2,
        "OLD_HEADER_TIMESTAMP": -3,
        "PATH_TOLERANCE_VIOLATED": -4,
        "GOAL_TOLERANCE_VIOLATED": -5,
    },
    "control_msgs/msg/JointComponentTolerance": {
        "X_AXIS": 1,
        "Y_AXIS": 2,
        "Z_AXIS": 3,
        "TRANSLATION": 4,
        "ROTATION": 5,
    },
}

pytestmark = pytest.mark.skipif(not PREFIXES, reason="no ROS environment: AMENT_PREFIX_PATH is not set")


def share(package: str) -> Path:
    """Folder of an installed package; the first prefix that has it wins, as in ROS."""
    for prefix in PREFIXES:
        found = prefix / "share" / package
        if (found / "package.xml").is_file():
            return found
    pytest.fail(f"{package} is in none of {os.pathsep.join(map(str, PREFIXES))}")


def installed_hashes(package: str) -> dict[str, str]:
    hashes = {}
    for description in share(package).glob("*/*.json"):
        for entry in json.loads(description.read_text())["type_hashes"]:
            hashes[entry["type_name"]] = entry["hash_string"]
    return hashes


@pytest.mark.parametrize("package", sorted({name.split("/")[0] for name in EXPECTED}))
def test_type_hashes_are_those_of_the_real_package(package: str) -> None:
    expected = {name: value for name, value in EXPECTED.items() if name.startswith(f"{package}/")}
    installed = installed_hashes(package)
    # A distribution's package has more interfaces than the stand-in: those are none of ours.
    assert {name: installed.get(name) for name in expected} == expected


@pytest.mark.parametrize("interface", sorted(CONSTANTS))
def test_constants_are_those_of_the_real_package(interface: str) -> None:
    package, _, rest = interface.partition("/")
    idl = (share(package) / f"{rest}.idl").read_text()
    constants = {name: int(value) for name, value in re.findall(r"const u?int\d+ (\w+) = (-?\d+);", idl)}
    assert constants == CONSTANTS[interface]
