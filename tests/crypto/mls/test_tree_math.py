"""Tree indices: the working group's answers, and agreement between the functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls import tree_math
from crypto.mls.errors import UsageError
from crypto.mls.tree_math import LeafIndex, NodeIndex
from tests.vectors import vectors

places = st.integers(0, 8).flatmap(
    lambda height: st.tuples(
        st.just(1 << height), st.integers(0, (2 << height) - 2), st.integers(0, (2 << height) - 2)
    )
)


def _or_none(function: Callable[..., NodeIndex], *arguments: int) -> NodeIndex | None:
    try:
        return function(*arguments)
    except UsageError:
        return None


def _path(node: NodeIndex, leaf_count: int) -> list[NodeIndex]:
    return [node, *tree_math.direct_path(node, leaf_count)]


def test_the_working_group_vectors() -> None:
    for case in vectors("tree-math"):
        leaves, nodes = case["n_leaves"], range(case["n_nodes"])
        assert tree_math.node_width(leaves) == case["n_nodes"]
        assert tree_math.root(leaves) == case["root"]
        assert [_or_none(tree_math.left, x) for x in nodes] == case["left"]
        assert [_or_none(tree_math.right, x) for x in nodes] == case["right"]
        assert [_or_none(tree_math.parent, x, leaves) for x in nodes] == case["parent"]
        assert [_or_none(tree_math.sibling, x, leaves) for x in nodes] == case["sibling"]


@pytest.mark.parametrize(
    ("wanted", "given_"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (64, 64), (65, 128)]
)
def test_the_smallest_full_tree(wanted: int, given_: int) -> None:
    assert tree_math.full_leaf_count(wanted) == given_


def test_leaves_and_nodes() -> None:
    assert [tree_math.leaf_to_node(LeafIndex(i)) for i in range(4)] == [0, 2, 4, 6]
    assert [tree_math.node_to_leaf(NodeIndex(i)) for i in (0, 2, 4, 6)] == [0, 1, 2, 3]
    assert [tree_math.is_leaf(NodeIndex(i)) for i in range(4)] == [True, False, True, False]
    assert [tree_math.level(NodeIndex(i)) for i in range(8)] == [0, 1, 0, 2, 0, 1, 0, 3]


@given(places)
def test_paths_lead_to_the_root(place: tuple[int, int, int]) -> None:
    leaf_count, number, _ = place
    node = NodeIndex(number)
    path = tree_math.direct_path(node, leaf_count)
    assert _path(node, leaf_count)[-1] == tree_math.root(leaf_count)
    below = node
    for above, beside in zip(path, tree_math.copath(node, leaf_count), strict=True):
        assert {below, beside} == {tree_math.left(above), tree_math.right(above)}
        assert tree_math.sibling(below, leaf_count) == beside
        assert tree_math.level(above) == tree_math.level(below) + 1
        below = above


@given(places)
def test_the_common_ancestor_is_the_first_that_paths_share(place: tuple[int, int, int]) -> None:
    leaf_count, a, b = place
    other = _path(NodeIndex(b), leaf_count)
    first = next(node for node in _path(NodeIndex(a), leaf_count) if node in other)
    assert tree_math.common_ancestor(NodeIndex(a), NodeIndex(b)) == first


@given(places)
def test_containing_is_standing_above(place: tuple[int, int, int]) -> None:
    leaf_count, a, b = place
    above = NodeIndex(a) in _path(NodeIndex(b), leaf_count)
    assert tree_math.contains(NodeIndex(a), NodeIndex(b)) == above


@given(places)
def test_leaves_below_are_those_whose_path_passes(place: tuple[int, int, int]) -> None:
    leaf_count, number, _ = place
    node = NodeIndex(number)
    expected = [
        leaf
        for leaf in range(leaf_count)
        if node in _path(tree_math.leaf_to_node(LeafIndex(leaf)), leaf_count)
    ]
    assert list(tree_math.leaves_below(node)) == expected


def test_what_does_not_exist_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="has no children"):
        tree_math.left(NodeIndex(4))
    with pytest.raises(UsageError, match="has no children"):
        tree_math.right(NodeIndex(4))
    with pytest.raises(UsageError, match="is a parent"):
        tree_math.node_to_leaf(NodeIndex(3))
    for outside in (3, 7, 8, -1):
        with pytest.raises(UsageError, match="has no parent"):
            tree_math.parent(NodeIndex(outside), 4)
