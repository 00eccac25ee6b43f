"""From a path to the bytes of an answer, whatever carries them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_stripe.sandbox.books import balance_of
from tap_stripe.sandbox.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    no_such,
    unrecognized_url,
)
from tap_stripe.sandbox.keys import masked
from tap_stripe.sandbox.kinds import KINDS
from tap_stripe.sandbox.listing import (
    below_data,
    page_of,
    page_of_children,
    query_of_get,
    query_of_list,
)
from tap_stripe.sandbox.present import (
    children_of,
    demanded,
    list_of,
    shown,
    tree_of,
)
from tap_stripe.sandbox.resources import described

if TYPE_CHECKING:
    from collections.abc import Collection as Names
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.kinds import Kind
    from tap_stripe.sandbox.listing import Query
    from tap_stripe.sandbox.present import Tree
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe
    from tap_stripe.sandbox.world import World


class _Inner(NamedTuple):
    """A list of its own url, of objects that are parts of others."""

    owners: str
    name: str
    prefix: str
    needs_owner: bool


_INNER_LISTS: Mapping[str, _Inner] = {
    "file_links": _Inner("files", "links", "link_", needs_owner=False),
    "subscription_items": _Inner("subscriptions", "items", "si_", needs_owner=True),
}
# Id, list, id of the child.
_DEEPEST = 3
_SOURCES = ("card", "bank_account")


class Request(NamedTuple):
    """What a client asks for."""

    method: str
    path: str
    parameters: Sequence[tuple[str, str]]
    key: str
    account: str | None


def no_access(key: str, account: str | None) -> Forbidden:
    """The refusal of an account that is not connected, or not any more."""
    message = (
        f"The provided key '{masked(key)}' does not have access to account"
        f" '{account}' (or that account does not exist). Application access may have"
        " been revoked."
    )
    return Forbidden(message, code="account_invalid")


def endpoint_of(method: str, path: str) -> str:
    """Method and path pattern: what Stripe's limiters count as one endpoint."""
    if "/oauth/" in path:
        return f"{method} {path}"
    parts = path.strip("/").split("/")[1:]
    # checkout/sessions is one name.
    first = 2 if parts and f"/v1/{'/'.join(parts[:2])}" in described().endpoints else 1
    return f"{method} /v1/" + "/".join(
        ":id" if place >= first and (place - first) % 2 == 0 else part
        for place, part in enumerate(parts)
    )


class Api:
    """Answers GET requests out of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> bytes:
        """The body of a success.

        Raises:
            StripeError: Anything else.
        """
        with self._world.lock:
            call = _Call(self._world, request)
            return call.answer()


class _Call:
    """One request, with whose data it reads."""

    def __init__(self, world: World, request: Request) -> None:
        self._world = world
        self._request = request
        universe = world.universe(request.account)
        if universe is None:
            raise no_access(request.key, request.account)
        self._universe: Universe = universe

    def answer(self) -> bytes:
        """The body."""
        request = self._request
        parts = request.path.strip("/").split("/")
        if request.method != "GET" or parts[0] != "v1" or len(parts) == 1:
            raise unrecognized_url(request.method, request.path)
        resource, *rest = parts[1:]
        if rest and f"{resource}/{rest[0]}" in self._universe.collections:
            resource, *rest = f"{resource}/{rest[0]}", *rest[1:]
        if resource == "account" and not rest:
            return self._own_account()
        if resource == "balance" and not rest:
            return self._balance()
        if resource == "events" and len(rest) <= 1:
            return self._events(rest)
        inner = _INNER_LISTS.get(resource)
        if inner is not None and len(rest) <= 1:
            return self._inner_list(inner, rest)
        collection = self._universe.collections.get(resource)
        if collection is None or len(rest) > _DEEPEST:
            raise unrecognized_url(request.method, request.path)
        return self._of_collection(collection, rest)

    def _of_collection(self, collection: Collection, rest: Sequence[str]) -> bytes:
        if collection.name == "accounts":
            self._refuse_accounts(rest)
            if rest == [self._universe.account]:
                return self._own_account()
        if not rest:
            return self._list(collection)
        if len(rest) == 1:
            return self._get(collection, rest[0])
        return self._children(collection, *rest)

    # One object.

    def _demand(self, permission: str) -> None:
        if permission == "connected_account_read" and self._request.account:
            return
        self._world.keys.demand(
            self._request.key, permission, account=self._universe.account
        )

    def _tree(self, kind: Kind, paths: Sequence[str]) -> Tree:
        tree = tree_of(paths)
        for permission in demanded(self._universe, kind, tree):
            self._demand(permission)
        return tree

    def _own_account(self) -> bytes:
        kind = KINDS["account"]
        self._demand(kind.permission)
        tree = self._tree(kind, query_of_get(self._request.parameters).expand)
        record = self._world.own_account(self._universe)
        return msgspec.json.encode(shown(self._universe, kind, record, tree))

    def _balance(self) -> bytes:
        self._demand("balance_read")
        query_of_get(self._request.parameters)
        return msgspec.json.encode(balance_of(self._universe))

    def _get(self, collection: Collection, identifier: str) -> bytes:
        kind = collection.kind
        self._demand(kind.permission)
        tree = self._tree(kind, query_of_get(self._request.parameters).expand)
        rank = collection.rank(identifier)
        if (
            rank is not None
            and rank in collection.deleted
            and kind.object == "customer"
        ):
            stub = {"id": identifier, "object": "customer", "deleted": True}
            return msgspec.json.encode(stub)
        if (
            kind.object == "account"
            and rank in collection.deleted
            and self._world.options.left_account == Forbidden.status
        ):
            raise no_access(self._request.key, identifier)
        if rank is None or rank in collection.deleted:
            raise NotFound(**no_such(kind.words or kind.object, identifier))
        record = collection.record(rank)
        return msgspec.json.encode(shown(self._universe, kind, record, tree))

    # Lists.

    def _query(self, filters: Names[str], *, has_created: bool) -> Query:
        query = query_of_list(
            self._request.parameters, filters=filters, has_created=has_created
        )
        most = self._world.options.most_per_page
        return replace(query, limit=most) if query.limit > most else query

    def _says_more(self, has_more: bool, page: Sequence[object]) -> bool:  # noqa: FBT001 (what is true)
        share = self._world.options.false_has_more
        return has_more or bool(share and page and self._world.dice.chance(share))

    def _refuse_deleted_customer(self, query: Query) -> None:
        status = self._world.options.deleted_customer_lists
        customer = query.filters.get("customer")
        if status == "rows" or customer is None:
            return
        if self._universe.customers.living(customer) is None:
            refusal = NotFound if status == NotFound.status else BadRequest
            raise refusal(**no_such("customer", customer, param="customer"))

    def _list(self, collection: Collection) -> bytes:
        kind = collection.kind
        self._demand(kind.permission)
        query = self._query(collection.filters, has_created=collection.has_created)
        self._refuse_deleted_customer(query)
        paths = tuple(below_data(query.expand))
        if any(path.count(".") > 2 for path in paths):  # noqa: PLR2004 (data is one)
            tree_of(query.expand)
        tree = self._tree(kind, paths)
        ranks, has_more = page_of(collection, query)
        if tree:
            universe = self._universe
            data = [
                msgspec.json.encode(shown(universe, kind, collection.record(r), tree))
                for r in ranks
            ]
        else:
            data = [collection.rendered(rank) for rank in ranks]
        has_more = self._says_more(has_more, data)
        return _list_body(data, has_more=has_more, url=self._request.path)

    def _events(self, rest: Sequence[str]) -> bytes:
        self._demand("event_read")
        events = self._universe.events
        if rest:
            query_of_get(self._request.parameters)
            return events.find(rest[0]).body
        query = self._query(("type", "types"), has_created=True)
        self._tree(KINDS["event"], tuple(below_data(query.expand)))
        page, has_more = events.page(query)
        has_more = self._says_more(has_more, page)
        return _list_body(
            [event.body for event in page], has_more=has_more, url="/v1/events"
        )

    def _refuse_accounts(self, rest: Sequence[str]) -> None:
        options = self._world.options
        if self._request.account and self._universe.account != self._world.account:
            if rest != [self._universe.account]:
                message = (
                    "You cannot access the connected accounts of your platform's"
                    " connected accounts."
                )
                raise BadRequest(message)
        elif (
            not options.platform
            and options.platform_refusal == "platform_account_required"
        ):
            message = (
                "Only Stripe Connect platforms can work with other accounts. If you"
                " specified a client_id parameter, make sure it's correct. If you need"
                " to setup a Stripe Connect platform, you can do so at"
                " https://dashboard.stripe.com/account/applications/settings."
            )
            raise Forbidden(message, code="platform_account_required")

    # Lists inside an object.

    def _children(
        self, collection: Collection, identifier: str, name: str, child: str = ""
    ) -> bytes:
        kind = collection.kind
        sublist = kind.sublists.get(name)
        if sublist is None or sublist.has_no_endpoint:
            raise unrecognized_url(self._request.method, self._request.path)
        child_kind = KINDS[sublist.kind]
        needed = child_kind.permission if sublist.expand_only else ""
        self._demand(needed or kind.permission)
        record = collection.find(identifier)
        if record is None:
            raise NotFound(
                **no_such(kind.words or kind.object, identifier, param=kind.object)
            )
        children = children_of(self._universe, kind, record, name)
        if child:
            return self._child(children, child, child_kind)
        filters = ("object",) if sublist.kind in _SOURCES else ()
        query = self._query(filters, has_created=False)
        return self._page_of_children(
            children, query, kind=kind, name=name, parent=identifier
        )

    def _page_of_children(
        self,
        children: Sequence[Object],
        query: Query,
        *,
        kind: Kind,
        name: str,
        parent: str,
    ) -> bytes:
        sublist = kind.sublists[name]
        child_kind = KINDS[sublist.kind]
        tree = self._tree(child_kind, tuple(below_data(query.expand)))
        wanted = query.filters.get("object")
        if wanted is not None:
            children = [child for child in children if child["object"] == wanted]
        data, has_more = page_of_children(
            children, query, words=child_kind.words or child_kind.object
        )
        page = data, self._says_more(has_more, data)
        return msgspec.json.encode(
            list_of(self._universe, name, sublist, page, parent=parent, tree=tree)
        )

    def _child(self, children: Sequence[Object], child: str, kind: Kind) -> bytes:
        tree = self._tree(kind, query_of_get(self._request.parameters).expand)
        for record in children:
            if record["id"] == child:
                shape = KINDS[record["object"]]
                return msgspec.json.encode(shown(self._universe, shape, record, tree))
        raise NotFound(**no_such(kind.words or kind.object, child))

    def _inner_list(self, inner: _Inner, rest: Sequence[str]) -> bytes:
        """A list of its own url, of objects that are parts of others."""
        owners = self._universe.collections[inner.owners]
        kind = owners.kind
        child_kind = KINDS[kind.sublists[inner.name].kind]
        self._demand(child_kind.permission)
        if rest:
            place = self._universe.ids.place(rest[0], inner.prefix)
            children: Sequence[Object] = ()
            if place is not None and place[0] < owners.total:
                children = owners.record(place[0])[inner.name]
            return self._child(children, rest[0], child_kind)
        query = self._query((kind.object,), has_created=not inner.needs_owner)
        owner = query.filters.get(kind.object)
        if owner is not None:
            record = owners.find(owner)
            if record is None:
                raise BadRequest(**no_such(kind.object, owner, param=kind.object))
            children = record[inner.name]
        elif inner.needs_owner:
            message = f"Missing required param: {kind.object}."
            raise BadRequest(message, code="parameter_missing", param=kind.object)
        else:
            children = self._children_of_all(owners, inner.name)
        children = [
            child
            for child in children
            if query.first <= child["created"] <= query.last or inner.needs_owner
        ]
        return self._page_of_children(
            children, query, kind=kind, name=inner.name, parent=owner or ""
        )

    @staticmethod
    def _children_of_all(owners: Collection, name: str) -> list[Object]:
        every = [
            child for rank in owners.ranks() for child in owners.record(rank)[name]
        ]
        return sorted(every, key=lambda child: -child["created"])


def _list_body(data: Sequence[bytes], *, has_more: bool, url: str) -> bytes:
    return b'{"object":"list","data":[%b],"has_more":%b,"url":"%b"}' % (
        b",".join(data),
        b"true" if has_more else b"false",
        url.encode(),
    )
