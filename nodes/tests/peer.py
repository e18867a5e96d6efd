"""A ROS 2 node written against rclpy alone: what MoveIt, rqt or a script are to the cell.

It spins in a thread of its own and keeps what it hears. Tests wait for conditions on that. Time is ROS time, read off
the stamps of `joint_states` and `sim/truth`.

**Invariant:** what a method says of the present was published after the method was called. A peer that a busy
machine has kept waiting would else take old messages for news. What belongs together comes out of one message, or
is put together by stamps.

A turn of rclpy's executor costs the more, the more there is to listen to, and a 500 Hz stream keeps it busy for good.
So subscriptions and nodes that one test needs end with it: `listening`, `guest`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import rclpy
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from servomesh_msgs.msg import Event, GroupSafety, SafetyState, SimTruth
from std_srvs.srv import Trigger

from cell import PATIENCE_S
from goal import Goal, impossible_goal
from heard import ALL, ALL_OF_LATCHED, ALL_OF_STREAM, Heard, stamp_of

#: After this time [s] a question that can be repeated is repeated.
RETRY_S = 3.0
IMPOSSIBLE_TRANSITION = 99
#: A condition is looked at this often [s] at most: the thread that looks takes its time from the one that listens.
LOOK_EVERY_S = 0.005
#: It is looked at this often [s] at least, for what no message tells of.
LOOK_ANYWAY_S = 0.5

T = TypeVar("T")
M = TypeVar("M")


class Peer:
    """The node, and what it has heard."""

    def __init__(self, name: str = "peer") -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = self._node(name)
        self._turns = 0
        self._action_clients: dict[tuple, ActionClient] = {}
        self._service_clients: dict[tuple, Any] = {}
        self._greeted: set[str] = set()
        self._work: deque[Callable[[], None]] = deque()
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._spinning = threading.Thread(target=self._spin, daemon=True)
        self._spinning.start()
        #: The feedback to each goal, by the goal's id.
        self.feedback: defaultdict[bytes, list[Any]] = defaultdict(list)
        self._joint_states: Heard[JointState] = self._keep(JointState, "joint_states", ALL)
        self._truths: Heard[SimTruth] = self._keep(SimTruth, "sim/truth", ALL_OF_STREAM)
        self._safety: Heard[SafetyState] = self._keep(SafetyState, "safety/state", ALL_OF_LATCHED)
        self._events: Heard[Event] = self._keep(Event, "events", ALL)

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
            self._turns += 1

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

    def _node(self, name: str) -> Node:
        """A node without what nobody asks it for, each of which costs every turn of the executor."""
        return rclpy.create_node(name, context=self.context, start_parameter_services=False, enable_rosout=False)

    @contextlib.contextmanager
    def guest(self, name: str) -> Iterator[Node]:
        """Another node beside, for clients that are needed for a while. Use it in `do` only."""

        def come() -> Node:
            node = self._node(name)
            self._executor.add_node(node)
            return node

        def go() -> None:
            self._executor.remove_node(node)
            node.destroy_node()

        node = self.do(come)
        try:
            yield node
        finally:
            self.do(go)

    @contextlib.contextmanager
    def listening(self, kind: type[M], topic: str, qos: QoSProfile = ALL) -> Iterator[list[M]]:
        """Listens to a topic for a while: the messages heard so far, oldest first."""
        heard: list[M] = []
        subscription = self.do(
            lambda: self.node.create_subscription(kind, topic, lambda message: heard.append(message), qos)
        )
        try:
            yield heard
        finally:
            self.do(lambda: self.node.destroy_subscription(subscription))

    def _keep(self, kind: type[M], topic: str, qos: QoSProfile) -> Heard[M]:
        """Listens to a topic for good."""
        heard: Heard[M] = Heard()

        def add(message: M, info: dict[str, Any]) -> None:
            heard.add(message, info)

        self.do(lambda: self.node.create_subscription(kind, topic, add, qos))
        return heard

    def _keep_feedback(self, message: Any) -> None:
        self.feedback[bytes(message.goal_id.uuid)].append(message.feedback)

    def _next(self, heard: Heard[M], what: str) -> M:
        """Waits for the first message that is published from now on."""
        asked_ns = time.time_ns()
        return self.wait_for(lambda: heard.published_since(asked_ns), what)[0]

    def wait_for(self, condition: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
        """Waits until a condition holds, and returns its value. It is looked at again when something was heard."""
        give_up = time.monotonic() + patience_s
        while True:
            seen, looked = self._turns, time.monotonic()
            if value := condition():
                return value
            assert looked < give_up, f"not within {patience_s:.0f} s: {what}"
            look_anyway = min(give_up, looked + LOOK_ANYWAY_S)
            time.sleep(LOOK_EVERY_S)
            while self._turns == seen and time.monotonic() < look_anyway:
                time.sleep(LOOK_EVERY_S)

    def result_of(self, future: Any, what: str, patience_s: float = PATIENCE_S) -> Any:
        """Waits for a future, and returns its result."""
        self.wait_for(future.done, what, patience_s)
        return future.result()

    # Services

    def call(self, kind: type, name: str, request: Any = None) -> Any:
        """Calls a service for what may be done twice."""
        client = self._service_client(kind, name)
        return self.insist(lambda: client.call_async(request or kind.Request()), f"service {name}")

    def insist(self, ask: Callable[[], Any], who: str) -> Any:
        """Asks for what may be done twice, again if no answer comes.

        A dead server looks alive for a while, and what a new one answers is lost as long as it has not discovered
        who asks.
        """
        for _ in range(int(PATIENCE_S / RETRY_S)):
            asked = self.do(ask)
            with contextlib.suppress(AssertionError):
                return self.result_of(asked, f"{who} answers", RETRY_S)
        raise AssertionError(f"{who} never answers")

    def call_once(self, kind: type, name: str, request: Any) -> Any:
        """Calls a service that has answered before."""
        client = self._service_client(kind, name)
        return self.result_of(self.do(lambda: client.call_async(request)), f"service {name} answers")

    def _service_client(self, kind: type, name: str) -> Any:
        client = self._service_clients.get((kind, name))
        if client is None:
            client = self.do(lambda: self.node.create_client(kind, name))
            self._service_clients[kind, name] = client
        self.wait_for(client.service_is_ready, f"service {name} is offered")
        return client

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
        self.wait_for(lambda: self.lifecycle_state(node).id == State.PRIMARY_STATE_ACTIVE, f"{node} is active again")

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
            client = self.do(lambda: self._new_action_client(kind, name))
            self._action_clients[kind, name] = client
        self.wait_for(client.server_is_ready, f"action {name} is offered")
        return client

    def _new_action_client(self, kind: type, name: str) -> ActionClient:
        """A client, and beside it what keeps all feedback: the client itself drops what it reads after the result."""
        topic = f"{name}/_action/feedback"
        self.node.create_subscription(kind.Impl.FeedbackMessage, topic, self._keep_feedback, ALL)
        return ActionClient(self.node, kind, name)

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
        return stamp_of(self._next(self._joint_states, "a new message on joint_states"))

    def wait_until(self, time_s: float) -> JointState:
        """Waits until ROS time has come, and returns the first joint state of then."""
        states = self.wait_for(
            lambda: self._joint_states.stamped_since(time_s), f"joint_states stamped {time_s:.3f} s or later"
        )
        return states[0]

    def positions(self, joints: Sequence[str]) -> list[float]:
        """Measured positions."""
        state = self.joint_state(joints)
        return pick(state, state.position, joints)

    def velocities(self, joints: Sequence[str]) -> list[float]:
        """Measured velocities."""
        state = self.joint_state(joints)
        return pick(state, state.velocity, joints)

    def joint_state(self, joints: Sequence[str]) -> JointState:
        """The measurement of some joints, which need not be in every message."""
        asked_ns = time.time_ns()

        def found() -> JointState | None:
            return next((m for m in self._joint_states.published_since(asked_ns) if set(joints) <= set(m.name)), None)

        return self.wait_for(found, f"joint_states has {joints}")

    def states_since(self, time_s: float) -> list[JointState]:
        """The joint states stamped at that time or later, up to now."""
        self._next(self._joint_states, "a new message on joint_states")
        return self._joint_states.stamped_since(time_s)

    def truth(self) -> SimTruth:
        """What the simulated machine really does."""
        return self._next(self._truths, "a new message on sim/truth")

    def truths_since(self, time_s: float) -> list[SimTruth]:
        """What the simulated machine really did from that time up to now, oldest first."""
        self.truth()
        return self._truths.stamped_since(time_s)

    def truth_of(self, joints: Sequence[str]) -> tuple[list[float], list[float]]:
        """Real positions and velocities."""
        truth = self.truth()
        at = [truth.joint.index(joint) for joint in joints]
        return [truth.position[i] for i in at], [truth.velocity[i] for i in at]

    def safety(self) -> SafetyState | None:
        """What safety says. It is silent while nothing changes, so that news of the machine must do as proof."""
        self.truth()
        return self._safety.newest()

    def gates(self) -> dict[str, GroupSafety]:
        """What safety says of each group."""
        state = self.safety()
        return {gate.group: gate for gate in state.groups} if state else {}

    def gate(self, group: str) -> GroupSafety | None:
        """What safety says of a group."""
        return self.gates().get(group)

    def gates_since(self, group: str, time_s: float) -> list[tuple[float, GroupSafety]]:
        """What safety has said of a group since then up to now, each with its stamp."""
        self.truth()
        return [
            (stamp_of(state), gate)
            for state in self._safety.stamped_since(time_s)
            for gate in state.groups
            if gate.group == group
        ]

    def events_of(self, kind: int, node: str, group: str = "", since_s: float = 0.0) -> list[Event]:
        """Events of a kind from a node that were heard so far, from a time on."""
        return [
            event
            for event in self._events.stamped_since(since_s)
            if (event.kind, event.node, event.group) == (kind, node, group)
        ]


def pick(message: JointState, values: Sequence[float], joints: Sequence[str]) -> list[float]:
    """The values of some joints, in their order."""
    return [values[message.name.index(joint)] for joint in joints]
