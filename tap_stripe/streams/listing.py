"""What can be read: Stripe's list endpoints, and how their objects become rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A list endpoint that can be paged. https://docs.stripe.com/api/pagination.

    Compared by identity, for each is looked up for each event: there is one of a kind.

    Attributes:
        path: `/v1/…`; an object is retrieved at `path/{id}`.
        object: The value of `object` that its objects have.
        params: Query parameters that are always sent.
        time: The property that `created[…]` filters by.
        windowed: Whether the whole list can be read in `created` windows. Not where
            the filter is missing, or where objects may lack a time.
        announced_by: Pairs of another object type and its property that names an
            object of this listing: an event about it means that this one may have
            changed.
        relisted: Whether events do not tell all changes, so that a list that is
            small is read whole in each sync.
        silent: Whether no event tells that an object of it, or in it, is gone.
        later_only: Whether it is left out of a collection's first sync, whose other
            listings bring the same objects.
        final: Whether an id that was deleted never comes back: not where merchants
            choose them.
        single: Whether the endpoint answers with one object instead of a list.
        lists_at: Where a list inside its objects is read to its end, if not below the
            object's own path: the property, the path, and the parameter that takes the
            object's id.
        deletable: Whether an object of it can be deleted: where it can't, its absence
            is an error.
        removed: Whether Stripe has removed it, so that its absence is no error.
        of_platforms: Whether only a platform has it.
        permission: The read permission that a restricted key needs.
    """

    path: str
    object: str
    params: tuple[tuple[str, str], ...] = ()
    time: str = "created"
    windowed: bool = True
    announced_by: tuple[tuple[str, str], ...] = ()
    relisted: bool = False
    silent: bool = False
    later_only: bool = False
    final: bool = False
    single: bool = False
    lists_at: tuple[tuple[str, str, str], ...] = ()
    deletable: bool = False
    removed: bool = False
    of_platforms: bool = False
    permission: str = ""

    def list_inside(self, name: str, id_: str) -> tuple[str, str]:
        """Say where a list inside an object is read to its end.

        Never where the list's `url` says: in Stripe's own answers that has lacked the
        filter, and it could name anything.

        Args:
            name: The property that shows the list.
            id_: The object's id, as a step of a path.

        Returns:
            The path, and the parameter that takes the object's id; empty where the path
            has it.
        """
        for listed, path, parameter in self.lists_at:
            if listed == name:
                return path, parameter
        return f"{self.path}/{id_}/{name}", ""


@dataclass(frozen=True, slots=True)
class Feed:
    """How a listing's objects give the rows of a collection.

    Attributes:
        listing: Where the objects come from.
        embedded: Path of the rows below an object, dots between the steps; lists and
            list objects on the way are gone through. Empty where the object is the row.
        expand: Paths to expand for it, without `data.`.
        parent: Column that gets the id of the object the row was found in.
        changes_only: Whether rows are taken from objects that have changed only; the
            collection's main feed brings them all the first time.
    """

    listing: Listing
    embedded: str = ""
    expand: tuple[str, ...] = ()
    parent: str = ""
    changes_only: bool = False

    @property
    def inside(self) -> set[str]:
        """What of an object its rows need: paths to expand, and the list they are in.

        Empty where they need nothing but the object.
        """
        return {*self.expand, self.embedded.partition(".")[0]} - {""}
