"""Parameters, as `ros2 param` and rqt use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.parameter import Parameter

from cell import Cell
from parameters import Parameters
from peer import Peer

#: One parameter of each kind: node, name, a value in its range, one beyond it.
FIXED = [
    ("/trajectory", "valid_for_s", 0.06, 5.0),
    ("/safety", "timeout.servo_state_s", 0.06, 50.0),
    ("/estimator", "bandwidth_hz", 30.0, 1e6),
    ("/arm_driver", "command_timeout_s", 0.05, 100.0),
]
LIVE = ("/arm_driver", "gains.position_hz")


ParametersOf = Callable[[str], Parameters]


@pytest.fixture
def parameters_of(peer: Peer) -> Iterator[ParametersOf]:
    """Gives the parameters of a node by its name."""
    with peer.guest("rqt") as asker:
        yield lambda node: Parameters(peer, asker, node)


def test_every_parameter_of_every_node_says_what_it_is(cell: Cell, parameters_of: ParametersOf) -> None:
    for program in cell.programs:
        parameters = parameters_of(program.node)
        names = parameters.names()
        assert {"autostart", "use_sim_time"} <= set(names)
        for descriptor in parameters.describe(names):
            where = f"{program.node} {descriptor.name}"
            assert descriptor.description, where
            assert descriptor.type != ParameterType.PARAMETER_NOT_SET, where
            if descriptor.type == ParameterType.PARAMETER_DOUBLE:
                (limits,) = descriptor.floating_point_range
                assert limits.from_value < limits.to_value, where
                assert limits.from_value <= parameters.get(descriptor.name) <= limits.to_value, where
            if descriptor.type == ParameterType.PARAMETER_INTEGER:
                (limits,) = descriptor.integer_range
                assert limits.from_value <= parameters.get(descriptor.name) <= limits.to_value, where


@pytest.mark.parametrize(("node", "name", "good", "_bad"), FIXED)
def test_a_fixed_parameter_is_refused_while_its_node_is_active(
    parameters_of: ParametersOf, node: str, name: str, good: float, _bad: float
) -> None:
    parameters = parameters_of(node)
    before = parameters.get(name)
    assert before != good
    answer = parameters.set(name, good)
    assert not answer.successful
    assert name in answer.reason and "configured" in answer.reason
    assert parameters.get(name) == before


@pytest.mark.parametrize(("node", "name", "_good", "bad"), FIXED)
def test_a_value_beyond_its_range_is_refused_with_both(
    parameters_of: ParametersOf, node: str, name: str, _good: float, bad: float
) -> None:
    parameters = parameters_of(node)
    before = parameters.get(name)
    answer = parameters.set(name, bad)
    assert not answer.successful
    assert name in answer.reason and "outside" in answer.reason, answer.reason
    assert parameters.get(name) == before


def test_a_value_of_the_wrong_type_and_an_unknown_name_are_refused(parameters_of: ParametersOf) -> None:
    parameters = parameters_of("/estimator")
    wrong_type = parameters.set("bandwidth_hz", "fast")
    assert not wrong_type.successful and "bandwidth_hz" in wrong_type.reason
    unknown = parameters.set("bandwidth", 1.0)
    assert not unknown.successful
    assert "parameter bandwidth:" in unknown.reason and "bandwidth_hz" in unknown.reason, "it says which there are"


def test_a_live_parameter_is_set_while_its_node_is_active(parameters_of: ParametersOf) -> None:
    node, name = LIVE
    parameters = parameters_of(node)
    (descriptor,) = parameters.describe([name])
    assert descriptor.additional_constraints == "can be changed at any time"
    before = list(parameters.get(name))
    answer = parameters.set(name, [2.5])
    assert answer.successful, answer.reason
    assert list(parameters.get(name)) == [2.5]
    restored = parameters.set(name, before, Parameter.Type.DOUBLE_ARRAY)
    assert restored.successful, restored.reason


def test_a_live_parameter_that_cannot_work_is_refused_by_its_node(parameters_of: ParametersOf) -> None:
    node, name = LIVE
    parameters = parameters_of(node)
    before = parameters.get(name)
    answer = parameters.set(name, [400.0])
    assert not answer.successful and answer.reason
    assert parameters.get(name) == before


def test_of_several_changes_at_once_all_are_made_or_none(parameters_of: ParametersOf) -> None:
    parameters = parameters_of(LIVE[0])
    before = parameters.get("gains.position_hz")
    answer = parameters.set_atomically(gains__position_hz=[2.5], rate_hz=100.0)
    assert not answer.successful and "rate_hz" in answer.reason
    assert parameters.get("gains.position_hz") == before


def test_the_value_of_an_unknown_parameter_is_not_set(parameters_of: ParametersOf) -> None:
    assert parameters_of("/safety").get("no_such_parameter") is None
