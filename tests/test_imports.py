"""Imports go one way, those for type checkers too."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
# From the top to the bottom: none knows of one above.
LAYERS = ("tap", "sync", "output", "report", "state", "streams", "api")


def modules():
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in (ROOT / "tap_stripe").rglob("*.py")
    }


def named(path):
    """Give what a module imports, with the names that it takes from it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative path"
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def imports():
    """Give what each module imports of the package."""
    known = modules()
    found: dict[str, set[str]] = defaultdict(set)
    for name, path in known.items():
        for one in named(path):
            module = one
            while module and module not in known:
                module = module.rpartition(".")[0]
            if module not in {"", "tap_stripe", name}:
                found[name].add(module)
    return found


def layer(module):
    return module.split(".")[1]


def test_no_layer_knows_one_above_it():
    upwards = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in others
        if layer(name) in LAYERS
        and layer(other) in LAYERS
        and LAYERS.index(layer(other)) < LAYERS.index(layer(name))
    ]

    assert not upwards, upwards


def test_no_modules_import_each_other_in_a_circle():
    circle: list[str] = []
    outside = {
        name: others
        for name, others in imports().items()
        # A collection there and the universe it is in know each other's types.
        if not name.startswith("tap_stripe.sandbox.")
    }
    try:
        TopologicalSorter(outside).prepare()
    except CycleError as error:
        circle = error.args[1]

    assert not circle


def test_what_is_for_all_knows_no_layer_but_the_lowest():
    known = imports()

    for name in ("errors", "accounts", "masking", "memory", "stopping"):
        above = {layer(one) for one in known[f"tap_stripe.{name}"]}
        assert above <= {"errors", "api"}


def test_the_state_is_read_without_clock_network_or_environment():
    for path in (ROOT / "tap_stripe" / "state").glob("*.py"):
        used = {one.partition(".")[0] for one in named(path)}
        assert not {"time", "datetime", "os", "sys", "requests"} & used
