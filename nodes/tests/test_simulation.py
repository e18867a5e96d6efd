"""The simulation beside the machine: parts that are handled, faults on demand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from builtin_interfaces.msg import Duration
from servomesh_msgs.msg import ServoState, SimScene, SimShape
from servomesh_msgs.srv import InjectFault

from cell import PATIENCE_S, ROOT, executable
from conftest import Bench
from motions import ARM
from peer import LATCHED, STREAM, Peer

FAULTS = "sim/inject_fault"


def inject(peer: Peer, kind: str, target: str = "", value: float = 0.0, lasting_s: int = 0) -> InjectFault.Response:
    """Asks for a fault. Twice the same fault would be worse, so only questions and repairs may be repeated."""
    peer.call(InjectFault, FAULTS)
    request = InjectFault.Request(kind=kind, target=target, value=value, lasting=Duration(sec=lasting_s))
    return peer.call_once(InjectFault, FAULTS, request)


@pytest.fixture
def sound(peer: Peer) -> Iterator[Peer]:
    """A machine that is sound again afterwards."""
    yield peer
    assert peer.call(InjectFault, FAULTS, InjectFault.Request(kind="none")).success


def test_the_scene_says_what_lies_around_and_the_truth_where(peer: Peer) -> None:
    scenes: list[SimScene] = []
    peer.listen(SimScene, "sim/scene", scenes.append, LATCHED)
    peer.wait_for(lambda: scenes, "the scene")
    shapes = scenes[-1].shapes
    assert any(shape.body == "" and shape.kind == SimShape.BOX for shape in shapes), "something stands still"
    carried = {shape.body for shape in shapes} - {""}
    assert carried, "something can be moved"
    truth = peer.truths()[-1]
    bodies = {body.name: body for body in truth.bodies}
    assert carried <= set(bodies)
    for body in bodies.values():
        q = body.pose.orientation
        assert abs(q.x**2 + q.y**2 + q.z**2 + q.w**2 - 1.0) < 1e-6
        assert body.pose.position.z > -0.1, f"{body.name} fell through the floor"


def test_faults_are_listed_and_what_cannot_be_is_refused_with_what_can(peer: Peer) -> None:
    listed = peer.call(InjectFault, FAULTS)
    assert listed.success and "encoder_stuck" in listed.message and "rad/s" in listed.message
    unknown = inject(peer, "encoder_stick", "elbow_joint")
    assert not unknown.success and "encoder_stuck" in unknown.message
    nowhere = inject(peer, "encoder_stuck", "knee_joint")
    assert not nowhere.success and "knee_joint" in nowhere.message and "elbow_joint" in nowhere.message
    too_much = inject(peer, "frames_lost", "arm", 1.5)
    assert not too_much.success and "1.5" in too_much.message


def test_an_encoder_that_is_off_is_measured_but_not_true_and_can_be_repaired(sound: Peer) -> None:
    states: list[ServoState] = []
    sound.listen(ServoState, "gripper/servo_state", states.append, STREAM)
    sound.wait_for(lambda: states, "a state of the gripper")
    off = 0.002  # less than the gripper's driver takes for a fault

    def error() -> float:
        truth = sound.truths()[-1]
        real = truth.position[truth.joint.index("gripper_finger_joint")]
        return states[-1].position[0] - real

    sound.wait_for(lambda: abs(error()) < off / 4, "a sound encoder")
    done = inject(sound, "encoder_step", "gripper_finger_joint", off)
    assert done.success, done.message
    sound.wait_for(lambda: abs(error() - off) < off / 4, "the encoder is off")
    sim = "sim: servomesh sim"
    sound.wait_for(
        lambda: any("encoder_step" in finding for finding in [sound.diagnostics[sim].message]),
        "diagnostics name the fault",
    )
    assert inject(sound, "none", "gripper_finger_joint").success
    sound.wait_for(lambda: abs(error()) < off / 4, "the encoder is sound again")


def test_a_fault_on_demand_ends_by_itself(sound: Peer) -> None:
    assert inject(sound, "ambient_hot", ARM[0], 40.0, lasting_s=1).success
    assert "now: ambient_hot" in sound.call(InjectFault, FAULTS).message
    sound.wait_for(lambda: "now:" not in sound.call(InjectFault, FAULTS).message, "the fault is over")


def test_the_line_job_takes_every_part_to_the_bin(bench: Bench) -> None:
    bench.discard()  # parts and belt as they were at first
    _, peer = bench.ready()
    began = subprocess.Popen(
        [executable("servomesh"), "run", "--quiet", ROOT / "launch/programs/line.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _ = began.communicate(timeout=10 * PATIENCE_S)
    assert began.returncode == 0, said
    in_bin = {
        body.name: (body.pose.position.x, body.pose.position.y, body.pose.position.z)
        for body in peer.truths()[-1].bodies
        if body.name.startswith("part")
    }
    assert len(in_bin) == 3
    for name, (x, y, z) in in_bin.items():
        assert abs(x + 0.12) < 0.19 and abs(y - 0.58) < 0.14 and 0.24 < z < 0.4, f"{name} lies at {in_bin[name]}"
