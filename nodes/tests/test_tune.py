"""`servomesh tune`: a joint of the running cell is excited, found and tuned."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from rclpy.parameter import Parameter
from servomesh_msgs.msg import GroupSafety

from cell import Cell, servomesh
from motions import ARM, assert_there, wait_until_still
from parameters import Parameters
from peer import Peer

JOINT = "wrist_3_joint"
GAINS = ["gains.position_hz", "gains.velocity_hz", "gains.integral_hz", "gains.filter_hz"]
#: What chirps of 15 s may take, three at most [s]: a simulation in lockstep is slow where the machine is.
CHIRP_PATIENCE_S = 360.0


def test_a_joint_is_tuned_in_place_and_its_driver_has_the_gains(cell: Cell, peer: Peer, tmp_path: Path) -> None:
    start = peer.positions(ARM)
    file = tmp_path / "gains.yaml"
    with peer.guest("looks_at_gains") as guest:
        driver = Parameters(peer, guest, "/arm_driver")
        before = {name: driver.get(name) for name in GAINS}
        ended = servomesh(
            "tune", "arm", "--joint", JOINT, "--margin", 55, "--apply", "--output", file,
            patience_s=CHIRP_PATIENCE_S,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert f"excite {JOINT} of arm" in ended.stderr
        row = next(line for line in ended.stdout.splitlines() if line.startswith(JOINT))
        inertia = float(re.search(r"([0-9.]+) ± [0-9.]+ kg·m²", row).group(1))
        # 0.206 of rotor and wrist, and what the gear's losses add while the load drives it.
        assert 0.19 < inertia < 0.26, row
        assert row.endswith("55°"), row
        assert "set at /arm_driver" in ended.stdout

        written = yaml.safe_load(file.read_text())["arm_driver"]["ros__parameters"]
        after = {name: driver.get(name) for name in GAINS}
        assert after == {name: written[name] for name in GAINS}
        # Less than what the default margin of 52° allows; the other joints keep theirs.
        slow = after["gains.velocity_hz"]
        assert slow[ARM.index(JOINT)] < min(slow[: ARM.index(JOINT)])
        assert len(set(slow)) == 2

        assert peer.gate("arm").mode == GroupSafety.NORMAL
        wait_until_still(peer)
        assert_there(peer, start)
        for name in GAINS:
            assert driver.set(name, before[name], Parameter.Type.DOUBLE_ARRAY).successful


def test_what_cannot_be_tuned_is_refused_before_anything_moves(cell: Cell, peer: Peer) -> None:
    start = peer.positions(ARM)
    ended = servomesh("tune", "arm", "--joint", JOINT, "--joint", "tail_joint")
    assert ended.returncode == 1
    assert "group arm has no joint tail_joint; it has shoulder_pan_joint" in ended.stderr
    ended = servomesh("tune", "tail", "--ready-timeout", 15)
    assert ended.returncode == 1
    assert "tail/description (is the driver of tail up? There are: arm" in ended.stderr
    assert_there(peer, start)
