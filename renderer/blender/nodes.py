"""A thin way to write shader graphs: nodes by type, inputs by name."""

from __future__ import annotations

from typing import Any

__all__ = ["Graph"]


class Graph:
    """The node tree of a material, world or light, emptied first."""

    def __init__(self, owner: Any) -> None:
        owner.use_nodes = True
        self._tree = owner.node_tree
        self._tree.nodes.clear()

    def node(self, kind: str, inputs: dict[str | int, Any] | None = None, **properties: Any) -> Any:
        """Add ``ShaderNode<kind>``; an input value may be a constant or another node's output."""
        node = self._tree.nodes.new(f"ShaderNode{kind}")
        for name, value in properties.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            self.feed(node.inputs[key], value)
        return node

    def feed(self, socket: Any, value: Any) -> None:
        """Link an output to a socket, or set the socket's constant."""
        if hasattr(value, "is_output"):
            self._tree.links.new(value, socket)
        else:
            socket.default_value = value

    def math(self, operation: str, a: Any, b: Any = 0.0, clamp: bool = False) -> Any:
        """Output of one arithmetic node."""
        inputs: dict[str | int, Any] = {0: a, 1: b}
        return self.node("Math", inputs, operation=operation, use_clamp=clamp).outputs[0]

    def mix_colour(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        """Colour a blended to colour b; colours are RGBA constants or outputs."""
        node = self.node("Mix", data_type="RGBA", blend_type=blend)
        by_identifier = {socket.identifier: socket for socket in node.inputs}
        self.feed(by_identifier["Factor_Float"], factor)
        self.feed(by_identifier["A_Color"], a)
        self.feed(by_identifier["B_Color"], b)
        return next(s for s in node.outputs if s.identifier == "Result_Color")

    def mix_float(self, factor: Any, a: Any, b: Any) -> Any:
        """Number a blended to number b."""
        node = self.node("Mix", data_type="FLOAT")
        by_identifier = {socket.identifier: socket for socket in node.inputs}
        self.feed(by_identifier["Factor_Float"], factor)
        self.feed(by_identifier["A_Float"], a)
        self.feed(by_identifier["B_Float"], b)
        return next(s for s in node.outputs if s.identifier == "Result_Float")
