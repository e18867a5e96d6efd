"""What operators and recorders see: diagnostics of every node, events of what happens."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from servomesh_msgs.msg import Event

from cell import Cell
from motions import BRISK_S, travel
from peer import Peer


def test_every_node_says_on_diagnostics_that_it_is_well(cell: Cell, peer: Peer) -> None:
    with peer.listening(DiagnosticArray, "/diagnostics") as heard:

        def well(node: str) -> DiagnosticStatus | None:
            said = [s for array in list(heard) for s in array.status if s.name.startswith(f"{node}: servomesh ")]
            # Level ERROR is a node that does not do its duty; a slow machine may give warnings.
            return next((status for status in said if status.level < DiagnosticStatus.ERROR), None)

        for program in cell.programs:
            node = program.node.removeprefix("/")
            status = peer.wait_for(lambda node=node: well(node), f"diagnostics of {node}")
            values = {value.key: value.value for value in status.values}
            assert values["lifecycle"] == "active"
            assert status.message


def test_a_goal_is_told_as_events_from_acceptance_to_arrival(peer: Peer) -> None:
    began = peer.now()
    goal, _ = travel(peer, BRISK_S)
    goal.succeed()
    accepted = peer.wait_for(
        lambda: peer.events_of(Event.GOAL_ACCEPTED, "trajectory", "arm", since_s=began), "goal accepted"
    )
    arrived = peer.wait_for(lambda: peer.events_of(Event.ARRIVED, "trajectory", "arm", since_s=began), "arrived")
    assert len(accepted) == len(arrived) == 1
    assert "points" in accepted[0].text and "reached" in arrived[0].text


def test_a_refused_goal_is_told_with_its_reason(peer: Peer) -> None:
    began = peer.now()
    goal, _ = travel(peer, 0.05)
    reason = goal.abort().error_string
    assert reason

    def told() -> bool:
        refusals = peer.events_of(Event.GOAL_REFUSED, "trajectory", "arm", since_s=began)
        return any(reason in event.text for event in refusals)

    peer.wait_for(told, f"an event says: {reason}")
