"""The turns of a chat as a tree: answering again and editing add a version, and the page shows one path.

Turns with the same parent are versions of each other. At most one of them is shown; the path goes from the first
question along those that are, and ends where none is. Nothing is taken out but by `delete`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

ROOT = 0  # the parent of first questions
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Version:
    """Where a shown turn stands among its versions: it is `number` of `count`, from 1, in the order of asking.

    following: how many turns hang on it, in all versions; they go with it when it is deleted. id: of the turn, the same
    whatever is asked or deleted meanwhile.
    """

    number: int = 1
    count: int = 1
    following: int = 0
    id: int = 0


@dataclass
class Node(Generic[Kept]):
    """A turn in its place. id: from 1, in the order of asking; shown: the path goes on with it."""

    id: int
    parent: int
    kept: Kept
    shown: bool = True
    children: list[Node[Kept]] = field(default_factory=list)


class TurnTree(Generic[Kept]):
    """The turns of one chat, each with what is kept of it. Not safe between threads."""

    def __init__(self, nodes: Iterable[Node[Kept]] = ()) -> None:
        """From stored turns. One whose parent is missing becomes another first question, so that it can be reached."""
        self._first: list[Node[Kept]] = []  # the versions of the first question
        self._nodes: dict[int, Node[Kept]] = {}
        for node in sorted(nodes, key=lambda node: node.id):
            if node.parent not in self._nodes:
                node.shown = node.shown and node.parent == ROOT
                node.parent = ROOT
            self._add(node)

    @classmethod
    def of_path(cls, path: Iterable[Kept]) -> TurnTree[Kept]:
        """One turn after the other, each with one version."""
        return cls(Node(place + 1, place, kept) for place, kept in enumerate(path))

    @property
    def path(self) -> list[Node[Kept]]:
        """The turns that are shown, in their order."""
        path: list[Node[Kept]] = []
        children = self.children(ROOT)
        while (shown := next((node for node in children if node.shown), None)) is not None:
            path.append(shown)
            children = shown.children
        return path

    def children(self, parent: int) -> list[Node[Kept]]:
        """The versions of the turn after `parent`, in the order of asking."""
        return self._first if parent == ROOT else self._nodes[parent].children

    def next_id(self) -> int:
        """The id of the turn that is asked next."""
        return max(self._nodes, default=0) + 1

    def put(self, node_id: int, parent: int, kept: Kept) -> None:
        """Add a turn as the shown version after `parent`, or keep something else of the one that has this id."""
        if node_id in self._nodes:
            self._nodes[node_id].kept = kept
        else:
            self._add(Node(node_id, parent, kept))
        self.show(parent, node_id)

    def show(self, parent: int, node_id: int | None) -> None:
        """Have the path go on with this turn after `parent`; None: end there."""
        for node in self.children(parent):
            node.shown = node.id == node_id

    def sizes(self) -> dict[int, int]:
        """How many turns there are from each one on, itself counted, by id; of ROOT: all."""
        sizes = dict.fromkeys((ROOT, *self._nodes), 1) | {ROOT: 0}
        for node_id in sorted(self._nodes, reverse=True):  # what hangs on a turn came after it
            sizes[self._nodes[node_id].parent] += sizes[node_id]
        return sizes

    def below(self, node_id: int) -> list[int]:
        """The ids of a turn and of all that hang on it."""
        ids, waiting = [], [self._nodes[node_id]]
        while waiting:
            node = waiting.pop()
            ids.append(node.id)
            waiting.extend(node.children)
        return ids

    def delete(self, node_id: int) -> tuple[list[int], int | None]:
        """Take out a turn and all that hang on it; where it was shown, the version before it is shown, else the next.

        Returns the ids of what was taken out, and of the version that is shown in its place (None: none).
        """
        node, ids = self._nodes[node_id], self.below(node_id)
        versions = self.children(node.parent)
        place = next(place for place, other in enumerate(versions) if other.id == node_id)
        del versions[place]
        for one in ids:
            del self._nodes[one]
        if node.shown and versions:
            self.show(node.parent, versions[max(place - 1, 0)].id)
        return ids, next((other.id for other in versions if other.shown), None)

    def _add(self, node: Node[Kept]) -> None:
        siblings = self.children(node.parent)
        if node.shown:  # of several in a damaged file the last
            for other in siblings:
                other.shown = False
        siblings.append(node)
        self._nodes[node.id] = node


def places(tree: TurnTree[Kept], running: tuple[int, int] | None = None) -> list[Version]:
    """Where each shown turn stands among its versions.

    running: the index and the parent of a turn that is being answered and not in the tree yet. Where the path ends
    before turns that were taken back, there is one entry more than turns, with number 0; `following` counts them.
    """
    path, sizes = tree.path, tree.sizes()

    def version(node: Node[Kept]) -> Version:
        versions = tree.children(node.parent)
        number = next(place for place, other in enumerate(versions, start=1) if other.id == node.id)
        return Version(number, len(versions), sizes[node.id] - 1, node.id)

    if running is not None:
        index, parent = running
        count = len(tree.children(parent)) + 1
        return [*map(version, path[:index]), Version(count, count)]
    shown = [version(node) for node in path]
    taken_back = tree.children(path[-1].id if path else ROOT)
    if not taken_back:
        return shown
    return [*shown, Version(0, len(taken_back), sum(sizes[node.id] for node in taken_back))]
