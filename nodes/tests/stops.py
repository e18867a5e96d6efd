"""What is asserted of stops that nobody asked for: how long they take, and what it takes to go on.

What the machine does is read from the simulation itself, since the nodes that would say it may be the broken ones.
"""

from __future__ import annotations

from action_msgs.msg import GoalStatus
from servomesh_msgs.msg import GroupSafety

from conftest import reset_until_granted
from goal import Goal
from heard import stamp_of
from motions import ARM, BRISK_S, STANDING, assert_there, travel
from peer import Peer

#: How often safety says anew what a stop would take [s]: until then it may take that much longer.
SAID_EVERY_S = 0.1
#: What a held arm needs to come to rest after its last command [s].
SETTLING_S = 0.1
#: For how long each layer is silent before the next one acts, with the parameters of the default cell [s].
REACTION_S = {
    "trajectory": 0.03,  # setpoints that safety fills in
    "estimator": 0.1,  # safety's timeout.motion_state_s
    "safety": 0.05,  # the driver's command_timeout_s, and the commands under way
    "arm_driver": 0.07,  # the drives' watchdog; then their brakes
}


def assert_really_smooth(peer: Peer, since_s: float) -> None:
    """The machine itself neither jumps nor runs away. Brakes may be harsher than planned motions."""
    truths = peer.truths_since(since_s)
    assert len(truths) > 10
    for before, after in zip(truths, truths[1:], strict=False):
        dt = stamp_of(after) - stamp_of(before)
        for joint in ARM:
            at = before.joint.index(joint)
            moved = abs(after.position[at] - before.position[at])
            assert moved <= 3.5 * dt + 1e-4, f"{joint} jumped by {moved:.4f} rad within {dt * 1e3:.0f} ms"
            assert abs(after.velocity[at]) < 2.0, f"{joint} ran away with {after.velocity[at]:.2f} rad/s"


def at_rest_since(peer: Peer, since_s: float) -> float:
    """Since when the arm has really stood still, looked at from that time on [s]."""
    moving = [
        truth
        for truth in peer.truths_since(since_s)
        if any(abs(truth.velocity[truth.joint.index(joint)]) >= STANDING for joint in ARM)
    ]
    return stamp_of(moving[-1]) if moving else since_s


def assert_stopped_in_time(peer: Peer, broke_s: float, reaction_s: float) -> None:
    """The arm came to rest within the stopping time that safety published, once somebody noticed."""
    took = at_rest_since(peer, broke_s) - broke_s
    said = [
        gate.stopping_time
        for stamp, gate in peer.gates_since("arm", broke_s - 1.5 * SAID_EVERY_S)
        if gate.mode in (GroupSafety.NORMAL, GroupSafety.STOPPING)
    ]
    published = max(said, default=0.0)  # said while something moves
    allowed = reaction_s + published + SAID_EVERY_S + SETTLING_S
    assert took <= allowed, (
        f"the stop took {took:.3f} s, {allowed:.3f} s with the {published:.3f} s that were published"
    )


def wait_until_closed(peer: Peer, group: str = "arm") -> GroupSafety:
    """Waits until `safety/state` says that setpoints of a group do not pass: its gate, with the fault."""

    def closed() -> GroupSafety | None:
        gate = peer.gate(group)
        return gate if gate is not None and gate.mode != GroupSafety.NORMAL else None

    return peer.wait_for(closed, f"the gate of {group} is closed")


def reset_where_closed(peer: Peer, group: str = "arm") -> bool:
    """Whether setpoints of a group pass; where not, resets. A busy machine may close the gate again at once."""
    gate = peer.gate(group)
    if gate is not None and gate.mode == GroupSafety.NORMAL:
        return True
    peer.trigger("safety/reset")
    return False


def travel_once_ready(peer: Peer) -> tuple[Goal, list[float]]:
    """The first goal that is not refused: after a reset, trajectory takes a measurement or two to seed itself."""
    attempts: list = []

    def taken() -> bool:
        attempts.append(travel(peer, BRISK_S))
        goal = attempts[-1][0]
        peer.wait_for(lambda: goal.done() or goal.feedback, "the goal is refused or followed")
        return bool(goal.feedback) or goal.end()[0] == GoalStatus.STATUS_SUCCEEDED

    peer.wait_for(taken, "a goal is taken after a reset")
    return attempts[-1]


def assert_a_reset_is_all_it_takes(peer: Peer) -> None:
    """After a reset the arm goes where it is told."""
    reset_until_granted(peer)
    goal, target = travel_once_ready(peer)
    goal.succeed()
    assert_there(peer, target)
