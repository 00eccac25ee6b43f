"""What Stripe shows of a record, with and without expansions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_stripe.sandbox.errors import BadRequest
from tap_stripe.sandbox.kinds import ANY, KINDS, Kind, Sublist
from tap_stripe.sandbox.listing import matching

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

Tree = dict[str, "Tree"]

# https://docs.stripe.com/api/expanding_objects
MOST_LEVELS = 4
EMBEDDED = 10
_NOTHING: Tree = {}


def tree_of(paths: Sequence[str]) -> Tree:
    """The expansions as a tree of property names."""
    tree: Tree = {}
    for path in paths:
        names = path.split(".")
        if len(names) > MOST_LEVELS:
            message = (
                f"You cannot expand more than {MOST_LEVELS} levels of a property:"
                f" {path}"
            )
            raise BadRequest(message, param="expand")
        branch = tree
        for name in names:
            branch = branch.setdefault(name, {})
    return tree


def demanded(
    universe: Universe, kind: Kind, tree: Tree, *, within: str = ""
) -> Iterator[str]:
    """The read permissions that expansions need.

    Raises:
        BadRequest: A property cannot be expanded.
    """
    for name, branch in tree.items():
        path = f"{within}{name}"
        sublist = kind.sublists.get(path)
        target = kind.references.get(path)
        if path in kind.hidden and not branch:
            continue
        if sublist is not None and (branch or sublist.expand_only):
            child = KINDS[sublist.kind]
            if sublist.expand_only:
                yield child.permission or kind.permission
            _refuse(name for name in branch if name != "data")
            yield from demanded(universe, child, branch.get("data", {}))
        elif path == "discounts" and kind.has_discounts:
            yield KINDS["discount"].permission
            yield from demanded(universe, KINDS["discount"], branch)
        elif target == ANY:
            yield (
                "balance_transaction_source_read"
                if kind.object == "balance_transaction"
                else "source_read"
            )
        elif target is not None:
            wanted = universe.collections[target].kind
            yield wanted.permission
            yield from demanded(universe, wanted, branch)
        elif branch and any(known.startswith(f"{path}.") for known in kind.references):
            yield from demanded(universe, kind, branch, within=f"{path}.")
        else:
            _refuse([name])


def _refuse(names: Sequence[str] | Iterator[str]) -> None:
    for name in names:
        message = f"This property cannot be expanded ({name})."
        raise BadRequest(message, param="expand")


def shown(
    universe: Universe, kind: Kind, record: Object, tree: Tree = _NOTHING
) -> Object:
    """The object as Stripe sends it."""
    out = complete(universe, kind, record, tree)
    return without_nulls(out) if universe.options.absent_nulls else out


def without_nulls(thing: Object) -> Object:
    """An object without the properties that are null, at every depth."""
    return {name: _bare(value) for name, value in thing.items() if value is not None}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return without_nulls(value)
    return [_bare(one) for one in value] if isinstance(value, list) else value


def complete(
    universe: Universe, kind: Kind, record: Object, tree: Tree = _NOTHING
) -> Object:
    """The object as Stripe sends it, with every property that is null."""
    out = dict(record)
    for name in kind.hidden:
        if name not in tree:
            out.pop(name, None)
    for name, sublist in kind.sublists.items():
        branch = tree.get(name)
        if sublist.expand_only and branch is None:
            out.pop(name, None)
            continue
        children = children_of(universe, kind, record, name)
        out[name] = {
            "object": "list",
            "data": [
                complete(
                    universe,
                    KINDS[child["object"]],
                    child,
                    (branch or {}).get("data", {}),
                )
                for child in children[:EMBEDDED]
            ],
            "has_more": len(children) > EMBEDDED,
            "url": _url(universe, name, sublist, record["id"]),
        }
    if kind.has_discounts:
        branch = tree.get("discounts")
        out["discounts"] = [
            discount["id"]
            if branch is None
            else complete(universe, KINDS["discount"], discount, branch)
            for discount in record["discounts"]
        ]
    for name, branch in tree.items():
        if name not in kind.sublists and name not in kind.hidden:
            _expand(universe, kind.references, out, name, branch)
    return out


def _url(universe: Universe, name: str, sublist: Sublist, parent: str) -> str:
    """The `url` of a list inside an object."""
    form = universe.options.embedded_url
    url = sublist.url.format(id=parent)
    if form == "unfiltered":
        return url.partition("?")[0]
    if form == "recorded" and name == "payments":
        return "/v1/invoices/payments"
    return form if form.startswith("/") else url


def children_of(
    universe: Universe, kind: Kind, record: Object, name: str
) -> Sequence[Object]:
    """Every record of a list inside an object, newest first."""
    collection = kind.sublists[name].from_collection
    if collection is None:
        embedded: list[Object] = record[name]
        return embedded
    source = universe.collections[collection]
    filters = {kind.object: record["id"]}
    return [source.record(rank) for rank in matching(source, filters)]


def _expand(  # noqa: PLR0917 (a recursion's own arguments)
    universe: Universe,
    references: Mapping[str, str],
    out: Object,
    name: str,
    branch: Tree,
    within: str = "",
) -> None:
    target = references.get(f"{within}{name}")
    value = out.get(name)
    if target is not None:
        if isinstance(value, str):
            out[name] = _resolved(universe, target, value, branch)
    elif isinstance(value, dict):
        out[name] = nested = dict(value)
        for inner, twig in branch.items():
            _expand(universe, references, nested, inner, twig, f"{within}{name}.")


def _resolved(
    universe: Universe, target: str, identifier: str, branch: Tree
) -> Object | str:
    if target == ANY:
        found = universe.anything(identifier)
        if found is None:
            return identifier
        return complete(universe, KINDS[found["object"]], found, branch)
    collection = universe.collections[target]
    record = collection.find(identifier)
    if record is not None:
        return complete(universe, collection.kind, record, branch)
    if collection.rank(identifier) is not None:
        return {"id": identifier, "object": collection.kind.object, "deleted": True}
    return identifier


def list_of(
    universe: Universe,
    name: str,
    sublist: Sublist,
    page: tuple[Sequence[Object], bool],
    *,
    parent: str,
    tree: Tree,
) -> Object:
    """A page of a list inside an object, as its own endpoint answers it."""
    children, has_more = page
    return {
        "object": "list",
        "data": [
            shown(universe, KINDS[child["object"]], child, tree) for child in children
        ],
        "has_more": has_more,
        "url": _url(universe, name, sublist, parent),
    }
