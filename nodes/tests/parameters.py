"""The parameters of a node, over rclpy's own client."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient

from peer import Peer


class Parameters:
    """Those of one node."""

    def __init__(self, peer: Peer, asker: Node, node: str) -> None:
        self.peer, self.node = peer, node
        self._client = peer.do(lambda: AsyncParameterClient(asker, node))
        peer.wait_for(self._client.services_are_ready, f"parameter services of {node}")

    def names(self) -> list[str]:
        return list(self._ask(lambda client: client.list_parameters()).result.names)

    def get(self, name: str) -> Any:
        return parameter_value_to_python(self._ask(lambda client: client.get_parameters([name])).values[0])

    def describe(self, names: list[str]) -> list[ParameterDescriptor]:
        return self._ask(lambda client: client.describe_parameters(names)).descriptors

    def set(self, name: str, value: Any, kind: Parameter.Type | None = None) -> SetParametersResult:
        change = [Parameter(name, kind, value)]
        return self._ask(lambda client: client.set_parameters(change)).results[0]

    def set_atomically(self, **values: Any) -> SetParametersResult:
        changes = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
        return self._ask(lambda client: client.set_parameters_atomically(changes)).result

    def _ask(self, ask: Any) -> Any:
        return self.peer.insist(lambda: ask(self._client), f"{self.node}'s parameter service")
