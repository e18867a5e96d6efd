"""The simulation beside the machine: parts that are handled, faults on demand."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator

import pytest
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticArray
from servomesh_msgs.msg import ServoState, SimScene, SimShape
from servomesh_msgs.srv import InjectFault

from cell import PATIENCE_S, ROOT, executable
from conftest import Bench
from heard import LATCHED, STREAM
from motions import ARM, GRIPPER
from peer import Peer

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
    with peer.listening(SimScene, "sim/scene", LATCHED) as scenes:
        peer.wait_for(lambda: scenes, "the scene")
    shapes = scenes[-1].shapes
    assert any(shape.body == "" and shape.kind == SimShape.BOX for shape in shapes), "something stands still"
    carried = {shape.body for shape in shapes} - {""}
    assert carried, "something can be moved"
    truth = peer.truth()
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


@contextlib.contextmanager
def reports(peer: Peer) -> Iterator[Callable[[], list[str]]]:
    """What the simulation says on diagnostics, once a second, from now on."""
    with peer.listening(DiagnosticArray, "/diagnostics") as heard:
        yield lambda: [s.message for array in list(heard) for s in array.status if s.name.startswith("sim: ")]


def test_an_encoder_that_is_off_is_measured_but_not_true_and_can_be_repaired(sound: Peer) -> None:
    off = 0.002  # less than the gripper's driver takes for a fault
    with sound.listening(ServoState, "gripper/servo_state", STREAM) as states, reports(sound) as said:

        def error() -> float:
            truth = sound.truth()  # the fingers stand still
            return states[-1].position[0] - truth.position[truth.joint.index(GRIPPER)]

        sound.wait_for(lambda: states and abs(error()) < off / 4, "a sound encoder")
        done = inject(sound, "encoder_step", GRIPPER, off)
        assert done.success, done.message
        sound.wait_for(lambda: abs(error() - off) < off / 4, "the encoder is off")
        sound.wait_for(lambda: any("encoder_step" in report for report in said()), "diagnostics name the fault")
        assert inject(sound, "none", GRIPPER).success
        sound.wait_for(lambda: abs(error()) < off / 4, "the encoder is sound again")


def test_a_fault_on_demand_ends_by_itself(sound: Peer) -> None:
    with reports(sound) as said:
        sound.wait_for(said, "diagnostics")
        began = sound.now()
        assert inject(sound, "ambient_hot", ARM[0], 40.0, lasting_s=2).success
        sound.wait_for(lambda: any("ambient_hot" in report for report in said()), "diagnostics name the fault")
        sound.wait_for(lambda: "now:" not in sound.call(InjectFault, FAULTS).message, "the fault is over")
        assert sound.now() > began + 1.9, "it was over too early"
        sound.wait_for(lambda: "ambient_hot" not in said()[-1], "diagnostics do not name the fault any more")


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
        for body in peer.truth().bodies
        if body.name.startswith("part")
    }
    assert len(in_bin) == 3
    for name, (x, y, z) in in_bin.items():
        assert abs(x + 0.12) < 0.19 and abs(y - 0.58) < 0.14 and 0.24 < z < 0.4, f"{name} lies at {in_bin[name]}"
