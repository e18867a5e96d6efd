"""A ROS 2 node written against rclpy alone: what MoveIt, rqt or a script are to the cell.

It spins in a thread of its own and keeps what it hears. Tests wait for conditions on that: each message that comes
makes the waiting thread look again. Time is ROS time, read off the stamps of `joint_states` and `sim/truth`.

**Invariant:** what a method says of the present was published after the method was called. A peer that a busy
machine has kept waiting would else take old messages for news.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import rclpy
from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from servomesh_msgs.msg import Event, GroupSafety, SafetyState, SimTruth
from std_srvs.srv import Trigger

from cell import PATIENCE_S

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)
STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
EVENTS = QoSProfile(depth=100)

#: After this time [s] a question that can be repeated is repeated.
RETRY_S = 3.0
IMPOSSIBLE_TRANSITION = 99

T = TypeVar("T")


def seconds(stamp: Any) -> float:
    """A stamp or duration [s]."""
    return stamp.sec + stamp.nanosec * 1e-9


class Peer:
    """The node, and what it has heard."""

    def __init__(self, name: str = "peer") -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node: Node = rclpy.create_node(name, context=self.context)
        self._heard = threading.Condition()
        self._turns = 0
        self.joint_states: deque[JointState] = deque(maxlen=2000)
        self.truth: deque[SimTruth] = deque(maxlen=2000)
        self.events: deque[Event] = deque(maxlen=2000)
        self.diagnostics: dict[str, Any] = {}
        self.safety: SafetyState | None = None
        self.safety_states: deque[SafetyState] = deque(maxlen=500)
        self._action_clients: dict[tuple, ActionClient] = {}
        self._service_clients: dict[tuple, Any] = {}
        self._greeted: set[str] = set()
        self._work: deque[Callable[[], None]] = deque()
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._spinning = threading.Thread(target=self._spin, daemon=True)
        self._spinning.start()
        self._published_ns = {"joint_states": 0, "sim/truth": 0}
        self._keep(JointState, "joint_states", self.joint_states, QoSProfile(depth=100))
        self._keep(SimTruth, "sim/truth", self.truth, STREAM)
        self.listen(Event, "events", self.events.append, EVENTS)
        self.listen(SafetyState, "safety/state", self._keep_safety, LATCHED)
        self.listen(
            DiagnosticArray,
            "/diagnostics",
            lambda array: self.diagnostics.update({status.name: status for status in array.status}),
        )

    def close(self) -> None:
        """Leaves the graph."""
        self.context.try_shutdown()
        self._spinning.join(PATIENCE_S)
        self._executor.shutdown()
        self.node.destroy_node()

    def _spin(self) -> None:
        while self.context.ok():
            try:
                self._executor.spin_once(timeout_sec=0.1)
            except ExternalShutdownException:
                return
            while self._work:
                self._work.popleft()()
            with self._heard:
                self._turns += 1
                self._heard.notify_all()

    def do(self, work: Callable[[], T]) -> T:
        """Does something in the spinning thread: rclpy's clients can miss an answer that comes while they ask."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except Exception as error:
                done.set_exception(error)

        self._work.append(run)
        self._executor.wake()
        return done.result(PATIENCE_S)

    def listen(self, kind: type, topic: str, keep: Callable[[Any], Any], qos: QoSProfile | int = 10) -> Any:
        """Subscribes; `keep` is called in the spinning thread."""
        return self.do(lambda: self.node.create_subscription(kind, topic, lambda message: keep(message), qos))

    def _keep_safety(self, state: SafetyState) -> None:
        self.safety = state
        self.safety_states.append(state)

    def _keep(self, kind: type, topic: str, kept: deque, qos: QoSProfile) -> None:
        """Keeps a topic's messages, and when the newest was published."""

        def keep(message: Any, info: dict[str, Any]) -> None:
            kept.append(message)
            self._published_ns[topic] = info["source_timestamp"]

        self.do(lambda: self.node.create_subscription(kind, topic, keep, qos))

    def _catch_up(self, topic: str) -> None:
        """Waits for a message that is published from now on."""
        asked_ns = time.time_ns()
        self.wait_for(lambda: self._published_ns[topic] >= asked_ns, f"a new message on {topic}")

    def wait_for(self, condition: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
        """Waits until a condition holds, and returns its value. It is looked at after each message."""
        give_up = time.monotonic() + patience_s
        while True:
            seen = self._turns
            if value := condition():
                return value
            left = give_up - time.monotonic()
            assert left > 0, f"not within {patience_s:.0f} s: {what}"
            with self._heard:
                if self._turns == seen:
                    self._heard.wait(min(left, 0.5))

    def result_of(self, future: Any, what: str, patience_s: float = PATIENCE_S) -> Any:
        """Waits for a future, and returns its result."""
        self.wait_for(future.done, what, patience_s)
        return future.result()

    # Services

    def call(self, kind: type, name: str, request: Any = None) -> Any:
        """Calls a service for what may be done twice.

        Asks again if no answer comes: a dead server looks alive for a while, and what a new one answers is lost as
        long as it has not discovered who asks.
        """
        client = self._service_client(kind, name)
        for _ in range(int(PATIENCE_S / RETRY_S)):
            asked = self._ask(client, request)
            try:
                return self.result_of(asked, f"service {name} answers", RETRY_S)
            except AssertionError:
                self.do(lambda asked=asked: client.remove_pending_request(asked))
        raise AssertionError(f"service {name} never answers")

    def call_once(self, kind: type, name: str, request: Any) -> Any:
        """Calls a service that has answered before."""
        asked = self._ask(self._service_client(kind, name), request)
        return self.result_of(asked, f"service {name} answers")

    def _service_client(self, kind: type, name: str) -> Any:
        client = self._service_clients.get((kind, name))
        if client is None:
            client = self.do(lambda: self.node.create_client(kind, name))
            self._service_clients[kind, name] = client
        self.wait_for(client.service_is_ready, f"service {name} is offered")
        return client

    def _ask(self, client: Any, request: Any) -> Any:
        return self.do(lambda: client.call_async(client.srv_type.Request() if request is None else request))

    def trigger(self, name: str) -> Trigger.Response:
        """Calls a service that takes nothing."""
        return self.call(Trigger, name)

    def lifecycle_state(self, node: str) -> State:
        """The state a node says it is in."""
        return self.call(GetState, f"{node}/get_state").current_state

    def change_state(self, node: str, transition: int) -> bool:
        """Asks a node for a transition; whether it succeeded."""

        def request(number: int) -> ChangeState.Request:
            return ChangeState.Request(transition=Transition(id=number))

        name = f"{node}/change_state"
        self.call(ChangeState, name, request(IMPOSSIBLE_TRANSITION))  # may be lost and repeated
        return self.call_once(ChangeState, name, request(transition)).success

    def wait_until_back(self, node: str) -> None:
        """Waits until a node that was killed is active again and its dead self is forgotten.

        What is sent while both seem to be there can be lost.
        """
        self.wait_for(
            lambda: self.lifecycle_state(node).id == State.PRIMARY_STATE_ACTIVE, f"{node} is active again"
        )

        def named_once() -> bool:
            names = self.do(self.node.get_node_names_and_namespaces)
            return [f"{space.rstrip('/')}/{name}" for name, space in names].count(node) == 1

        self.wait_for(named_once, f"the dead {node} is forgotten")
        self._greeted.clear()

    # Actions

    def action(self, kind: type, name: str) -> ActionClient:
        """The client of an action, once its server is there."""
        client = self._action_clients.get((kind, name))
        if client is None:
            client = self.do(lambda: ActionClient(self.node, kind, name))
            self._action_clients[kind, name] = client
        self.wait_for(client.server_is_ready, f"action {name} is offered")
        return client

    def send(self, kind: type, name: str, goal: Any) -> Goal:
        """Sends a goal, and waits until it is accepted."""
        client = self.action(kind, name)
        if name not in self._greeted:
            self._greet(client, kind, name)
        return Goal(self, client, goal, name)

    def _greet(self, client: ActionClient, kind: type, name: str) -> None:
        """Sends goals that are refused until one is answered: a new server and its clients discover each other."""
        for _ in range(int(PATIENCE_S / RETRY_S)):
            try:
                Goal(self, client, impossible_goal(kind), name, RETRY_S).end(RETRY_S)
            except AssertionError:
                continue
            self._greeted.add(name)
            return
        raise AssertionError(f"{name} never answers")

    # What was heard

    def now(self) -> float:
        """ROS time [s], as `joint_states` has it."""
        self._catch_up("joint_states")
        return seconds(self.joint_states[-1].header.stamp)

    def wait_until(self, time_s: float) -> None:
        """Waits until ROS time has come."""
        self.wait_for(
            lambda: self.joint_states and seconds(self.joint_states[-1].header.stamp) >= time_s,
            f"joint_states stamped {time_s:.3f} s or later",
        )

    def positions(self, joints: Sequence[str]) -> list[float]:
        """Measured positions."""
        newest = self._newest(joints)
        return pick(newest, newest.position, joints)

    def velocities(self, joints: Sequence[str]) -> list[float]:
        """Measured velocities."""
        newest = self._newest(joints)
        return pick(newest, newest.velocity, joints)

    def _newest(self, joints: Sequence[str]) -> JointState:
        """The newest measurement of some joints, which need not be in every message."""
        self._catch_up("joint_states")

        def found() -> JointState | None:
            return next((m for m in list(self.joint_states)[::-1] if set(joints) <= set(m.name)), None)

        return self.wait_for(found, f"joint_states has {joints}")

    def states_since(self, time_s: float) -> list[JointState]:
        """The joint states stamped at that time or later."""
        return [message for message in list(self.joint_states) if seconds(message.header.stamp) >= time_s]

    def truths(self) -> list[SimTruth]:
        """What the simulated machine really did up to now, oldest first."""
        self._catch_up("sim/truth")
        return list(self.truth)

    def truth_of(self, joints: Sequence[str]) -> tuple[list[float], list[float]]:
        """Real positions and velocities."""
        newest = self.truths()[-1]
        at = [newest.joint.index(joint) for joint in joints]
        return [newest.position[i] for i in at], [newest.velocity[i] for i in at]

    def gate(self, group: str) -> GroupSafety | None:
        """What safety says of a group."""
        groups = self.safety.groups if self.safety else []
        return next((gate for gate in groups if gate.group == group), None)

    def gates_since(self, group: str, time_s: float) -> list[tuple[float, GroupSafety]]:
        """What safety has said of a group since then, each with its stamp."""
        return [
            (seconds(state.stamp), gate)
            for state in list(self.safety_states)
            for gate in state.groups
            if gate.group == group and seconds(state.stamp) >= time_s
        ]

    def events_of(self, kind: int, node: str, group: str = "", since_s: float = 0.0) -> list[Event]:
        """Events of a kind from a node, from a time on."""
        return [
            event
            for event in list(self.events)
            if (event.kind, event.node, event.group) == (kind, node, group) and seconds(event.stamp) >= since_s
        ]


def pick(message: JointState, values: Sequence[float], joints: Sequence[str]) -> list[float]:
    """The values of some joints, in their order."""
    return [values[message.name.index(joint)] for joint in joints]


def impossible_goal(kind: type) -> Any:
    """A goal that is refused by any group."""
    goal = kind.Goal()
    if kind is GripperCommand:
        goal.command.position = math.nan
    return goal


class Goal:
    """A goal that its server has accepted."""

    def __init__(
        self, peer: Peer, client: ActionClient, goal: Any, name: str, patience_s: float = PATIENCE_S
    ) -> None:
        self.peer, self.name = peer, name
        self.feedback: list[Any] = []
        sent = peer.do(
            lambda: client.send_goal_async(goal, feedback_callback=lambda m: self.feedback.append(m.feedback))
        )
        self._handle = peer.result_of(sent, f"{name} answers to a goal", patience_s)
        assert self._handle.accepted, f"{name} must accept every goal, and abort bad ones with a reason"
        self._result = peer.do(self._handle.get_result_async)

    def done(self) -> bool:
        """Whether it has ended."""
        return self._result.done()

    def cancel(self) -> None:
        """Asks for its cancellation, which the server must grant."""
        asked = self.peer.do(self._handle.cancel_goal_async)
        response = self.peer.result_of(asked, f"{self.name} answers to a cancel")
        assert response.goals_canceling, f"{self.name} refuses to cancel: {response}"

    def end(self, patience_s: float = PATIENCE_S) -> tuple[int, Any]:
        """Waits for its end: status (of GoalStatus) and result."""
        self.peer.wait_for(self._result.done, f"a goal of {self.name} ends", patience_s)
        answer = self._result.result()
        return answer.status, answer.result

    def succeed(self) -> Any:
        """Waits for its end, which must be success."""
        status, result = self.end()
        assert status == GoalStatus.STATUS_SUCCEEDED, f"status {status}: {result}"
        return result

    def abort(self) -> Any:
        """Waits for its end, which must be that the server gives it up."""
        status, result = self.end()
        assert status == GoalStatus.STATUS_ABORTED, f"status {status}: {result}"
        return result
