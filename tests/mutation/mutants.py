"""The mutants of a module: what cosmic-ray's operators make of its source, one change each."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

ROOT = Path(__file__).parent.parent.parent
# cosmic-ray puts each operator in the place of each; these are the ones a mistake would, the rest falls over at once.
# `is` and `==` are not exchanged: they are one and the same of enumerations, and of what Python keeps only once.
INSTEAD = {
    "ReplaceBinaryOperator": (
        *("Add_Sub", "Sub_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul"),
        *("RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd"),
    ),
    "ReplaceComparisonOperator": (
        *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt"),
        *("Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
    ),
    "Variable": (),  # any name beside any other: thousands of programs that mean nothing
}


class Node(Protocol):
    """A node of parso's tree; only leaves have a value, only others children."""

    type: str
    children: list[Node]
    value: str

    def get_code(self) -> str:
        """Return the source of the node."""


class Operator(Protocol):
    """A kind of change; cosmic-ray publishes no types."""

    def mutation_positions(self, node: Node) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
        """Say where in a node it can change something."""

    def mutate(self, node: Node, index: int) -> Node | None:
        """Return the node that stands in its place."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change; `line` is where it stands, `before` and `after` the line."""

    module: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    def name(self) -> str:
        """Return it as one line."""
        return f"{self.module}:{self.line} {self.operator}: {self.before}  ->  {self.after}"


@dataclass(frozen=True)
class Place:
    """Where an operator can change a module: the n-th of its places."""

    module: str
    operator: str
    number: int


def places(module: str) -> Iterator[Place]:
    """Yield every place of a module at which one of the operators changes something."""
    nodes = list(_nodes(_parse((ROOT / module).read_text(encoding="utf-8"))))
    for name, operator in _operators().items():
        count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        yield from (Place(module, name, number) for number in range(count))


def mutant(place: Place) -> Mutant | None:
    """Return the module with the change, or None when that is no other program (annotations) or none at all."""
    source = (ROOT / place.module).read_text(encoding="utf-8")
    walk = _Walk(_operators()[place.operator], place.number)
    tree = walk.through(_parse(source))
    changed = tree.get_code() if tree else ""
    try:
        if meaning(changed) == _meaning_of(place.module):
            return None
    except SyntaxError:
        return None
    old, new = source.splitlines(), changed.splitlines()
    line = next((number for number, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new))
    if len(old) == len(new):
        after = new[line].strip()
    else:  # a decorator, of which there are many of one name, and before which a blank line may have gone
        line = next(number for number in range(line, len(old)) if old[number].strip())
        of = next(text.strip() for text in old[line:] if text.lstrip().startswith(("def ", "class ")))
        after = f"(left out) {of}"
    return Mutant(place.module, place.operator, line + 1, old[line].strip(), after, changed)


def meaning(source: str) -> str:
    """Return a program without its annotations, which nothing reads when it runs."""
    return ast.dump(_Bare().visit(ast.parse(source)))


@cache
def _meaning_of(module: str) -> str:
    return meaning((ROOT / module).read_text(encoding="utf-8"))


class _Bare(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


class _Walk:
    """A walk through a tree that changes its n-th place."""

    def __init__(self, operator: Operator, number: int) -> None:
        self._operator = operator
        self._left = number

    def through(self, node: Node) -> Node | None:
        if self._left < 0:
            return node
        for index, _ in enumerate(list(self._operator.mutation_positions(node))):
            self._left -= 1
            if self._left == -1:
                changed = self._operator.mutate(node, index)
                if changed is None:
                    return None
                node = changed
        if self._left >= 0 and hasattr(node, "children"):
            walked = (self.through(child) for child in node.children)
            node.children = [child for child in walked if child is not None]
        return node


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def _parse(source: str) -> Node:
    return cast(Node, importlib.import_module("parso").parse(source))


@cache
def _operators() -> Mapping[str, Operator]:
    provider = importlib.import_module("cosmic_ray.operators.provider").OperatorProvider()
    return {name: provider[name]() for name in provider if _used(name)} | {"ExceptionReplacer": NoException()}


class NoException:
    """Has a handler wait for what is never raised; cosmic-ray's own falls over names of modules (`binascii.Error`)."""

    def mutation_positions(self, node: Node) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
        """Yield a place for each exception that a handler names."""
        return [((0, 0), (0, 0)) for _ in _handled(node)]

    def mutate(self, node: Node, index: int) -> Node:
        """Put another name in the place of one of them."""
        first, *rest = _leaves(_handled(node)[index])
        first.value = "NeverRaised"
        for leaf in rest:
            leaf.value = ""
        return node


def _handled(node: Node) -> list[Node]:
    if node.type != "except_clause":
        return []
    named = node.children[1]
    if named.type != "atom":
        return [named]
    inner = named.children[1]
    return inner.children[::2] if inner.type == "testlist_comp" else [inner]


def _leaves(node: Node) -> list[Node]:
    if not hasattr(node, "children"):
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _used(name: str) -> bool:
    for kind, changes in INSTEAD.items():
        if name.startswith(kind):
            return name.removeprefix(f"{kind}_") in changes
    return True
