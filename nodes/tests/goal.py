"""One goal of an action, from its acceptance to its end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from rclpy.action import ActionClient

from cell import PATIENCE_S

if TYPE_CHECKING:
    from peer import Peer


class Goal:
    """A goal that its server has accepted."""

    def __init__(
        self, peer: Peer, client: ActionClient, goal: Any, name: str, patience_s: float = PATIENCE_S
    ) -> None:
        self.peer, self.name = peer, name
        sent = peer.do(lambda: client.send_goal_async(goal))
        self._handle = peer.result_of(sent, f"{name} answers to a goal", patience_s)
        assert self._handle.accepted, f"{name} must accept every goal, and abort bad ones with a reason"
        #: What was heard so far. All of it comes, but the last of it may come after the result.
        self.feedback: list[Any] = peer.feedback[bytes(self._handle.goal_id.uuid)]
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


def impossible_goal(kind: type) -> Any:
    """A goal that is refused by any group."""
    goal = kind.Goal()
    if kind is GripperCommand:
        goal.command.position = math.nan
    return goal
