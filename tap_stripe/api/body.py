"""From the bytes of an answer to objects whose values are still JSON text.

A value that no rule touches stays the text that Stripe sent and is written as such:
it costs no decoding, and a number keeps all its digits.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from tap_stripe.errors import ResponseError

Object: TypeAlias = dict[str, Any]
"""A Stripe object: property name to `Raw` text, or to a value that replaced it."""

_ESCAPES = re.compile(
    rb"\\\\"  # an escaped backslash, so that what follows is no escape
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    rb"|\\u0000"
)
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_REPLACEMENT = rb"\ufffd"


class ObjectList(msgspec.Struct):
    """A page, or a list inside an object. https://docs.stripe.com/api/pagination."""

    data: list[dict[str, Raw]]
    has_more: bool
    object: str
    url: str = ""


class Sublist(msgspec.Struct):
    """A list inside an object that was read to its end; encodes as Stripe writes it."""

    data: list[Object]
    url: str
    object: str = "list"
    has_more: bool = False


class _Reference(msgspec.Struct):
    id: str


_NULL = Raw(b"null")
_list = msgspec.json.Decoder(ObjectList)
_object = msgspec.json.Decoder(dict[str, Raw])
_objects = msgspec.json.Decoder(list[Raw])
_reference = msgspec.json.Decoder(_Reference)


def clean(body: bytes) -> bytes:
    """Take out what JSON allows and Singer lines or databases don't.

    Line breaks between values (Stripe indents its answers) would end a Singer line;
    null characters and half surrogate pairs, which no PostgreSQL text can hold,
    become U+FFFD, as do bytes that are no UTF-8.

    Raises:
        msgspec.DecodeError: The body is no JSON.
    """
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode(errors="replace").encode()
    if _SUSPICIOUS.search(body):
        body = _ESCAPES.sub(_well_formed, body)
    if b"\n" in body or b"\r" in body:
        body = msgspec.json.format(body, indent=-1)
    return body


def _well_formed(escape: re.Match[bytes]) -> bytes:
    text = escape.group()
    return text if text == rb"\\" or len(text) > len(_REPLACEMENT) else _REPLACEMENT


def decode_page(body: bytes) -> ObjectList:
    """Read a page of a list.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    page = _list.decode(clean(body))
    if page.object != "list":
        message = f"`object` is {page.object!r} instead of 'list'"
        raise msgspec.ValidationError(message)
    return page


def decode_object(body: bytes) -> Object:
    """Read a single object.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return _object.decode(clean(body))


def plain(value: Any) -> Any:
    """Decode all text in a value.

    Raises:
        ResponseError: It has a number that no decoder takes.
    """
    try:
        if not isinstance(value, Raw):
            value = msgspec.json.encode(value)
        return msgspec.json.decode(value)
    except msgspec.MsgspecError as error:
        message = f"Stripe sent a value that can't be read: {error}."
        raise ResponseError(message) from None


def is_object(value: Any) -> bool:
    """Tell whether a value is a JSON object."""
    if isinstance(value, Raw):
        return memoryview(value)[0] == ord("{")
    return isinstance(value, dict | Sublist)


def is_null(value: Any) -> bool:
    """Tell whether a value is missing or null."""
    return value is None or (isinstance(value, Raw) and value == _NULL)


def is_key(value: Any) -> bool:
    """Tell whether a value can be part of a row's key: a text or a whole number."""
    if isinstance(value, Raw):
        text_of = memoryview(value)
        return text_of[0] == ord('"') and len(text_of) > len('""')
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, int) and not isinstance(value, bool)


def text(value: Any) -> str | None:
    """Read a string; None for anything else."""
    if isinstance(value, Raw):
        value = plain(value)
    return value if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """Read an integer; None for anything else."""
    if isinstance(value, Raw):
        value = plain(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def reference(value: Any) -> Any:
    """Give the id of an expanded object; anything else as it is."""
    if not is_object(value):
        return value
    if isinstance(value, Raw):
        try:
            return _reference.decode(value).id
        except msgspec.ValidationError:
            return None
    return text(value.get("id")) if isinstance(value, dict) else None


def references(value: Any) -> Any:
    """Give the ids of a list of expanded objects; anything else as it is."""
    if isinstance(value, Raw):
        if memoryview(value)[0] != ord("["):
            return value
        value = _objects.decode(value)
    return [reference(item) for item in value] if isinstance(value, list) else value


def children(value: Any) -> list[Object]:
    """Give the objects in a value: of a list object, of an array, or itself.

    What is no object (the id of something that was not expanded) is left out.
    """
    if isinstance(value, Raw):
        match memoryview(value)[0]:
            case 123:  # {
                value = _object.decode(value)
                # What an event shows of a list's past has no `object`.
                held = value.get("data")
                if held is not None and text(value.get("object")) in {"list", None}:
                    is_array = memoryview(held)[0] == ord("[")
                    value = _objects.decode(held) if is_array else []
            case 91:  # [
                value = _objects.decode(value)
            case _:
                return []
    if isinstance(value, Sublist):
        return value.data
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return []
    return [
        _object.decode(item) if isinstance(item, Raw) else item
        for item in value
        if is_object(item)
    ]


def sublist(value: Any) -> ObjectList | None:
    """Read the first page of a list inside an object; None if it is none."""
    if not isinstance(value, Raw) or not is_object(value):
        return None
    try:
        found = _list.decode(value)
    except msgspec.ValidationError:
        return None
    return found if found.object == "list" else None
