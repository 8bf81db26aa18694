"""The sample's trees in a MOJO, in the place of those that H2O trained.

H2O's scoring library reads the binary format that XGBoost wrote until release 2: the structures
LearnerModelParam, GBTreeModelParam and TreeParam and the arrays of nodes of XGBoost 1.6, little-endian. Only
Shapley values need the nodes' statistics: here they are zeros.
"""

import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

XGBOOST = (1, 6)
"""The release whose format it is, as H2O 3.46 writes it itself."""
LEFT_IF_MISSING = 1 << 31


class Tree(TypedDict):
    """What is needed of a tree in XGBoost's JSON: a list per property, with an item per node."""

    left_children: list[int]
    right_children: list[int]
    parents: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]


def put_booster(mojo: Path, booster: Path, target: Path) -> None:
    """Write ``target``: the ``mojo`` of a regression, with the trees of an XGBoost JSON file for its own."""
    learner = json.loads(booster.read_text())["learner"]
    trees: list[Tree] = learner["gradient_booster"]["model"]["trees"]
    with zipfile.ZipFile(mojo) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        settings = old.read("model.ini").decode().replace("ntrees = 1\n", f"ntrees = {len(trees)}\n")
        new.writestr("model.ini", settings)
        new.writestr("feature_map", old.read("feature_map"))
        new.writestr("boosterBytes", _binary(learner["learner_model_param"], trees))


def _binary(parameters: Mapping[str, str], trees: list[Tree]) -> bytes:
    base_score, features = float(parameters["base_score"].strip("[]")), int(parameters["num_feature"])
    classes, extra, metrics = 0, 0, 0
    head = struct.pack("<fIiii2I27i", base_score, features, classes, extra, metrics, *XGBOOST, *[0] * 27)
    names = _text(b"reg:squarederror") + _text(b"gbtree")
    model = struct.pack("<2iiiqii32i", len(trees), 1, features, 0, 0, 1, 0, *[0] * 32)
    groups = bytes(4 * len(trees))
    return b"".join((b"binf", head, names, model, *(_tree(tree, features) for tree in trees), groups))


def _tree(tree: Tree, features: int) -> bytes:
    count = len(tree["left_children"])
    head = struct.pack("<6i31i", 1, count, 0, 0, features, 0, *[0] * 31)
    return b"".join((head, *_nodes(tree), bytes(16 * count)))


def _nodes(tree: Tree) -> Iterator[bytes]:
    """20 bytes a node. A leaf has no left child, and its value in the place of the threshold."""
    for parent, left, right, feature, threshold, default_left in zip(
        tree["parents"],
        tree["left_children"],
        tree["right_children"],
        tree["split_indices"],
        tree["split_conditions"],
        tree["default_left"],
        strict=True,
    ):
        split = feature | (LEFT_IF_MISSING if default_left else 0)
        yield struct.pack("<iiiIf", parent, left, right, split, threshold)


def _text(name: bytes) -> bytes:
    return struct.pack("<q", len(name)) + name
