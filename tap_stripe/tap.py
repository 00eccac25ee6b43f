"""The tap: its settings, its collections, and the start of a sync."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue

from tap_stripe import check
from tap_stripe.accounts import read_accounts
from tap_stripe.api.client import Client
from tap_stripe.api.rate import RateBudget
from tap_stripe.api.usage import Usage
from tap_stripe.catalog import read_catalog
from tap_stripe.connect.app_tokens import credentials
from tap_stripe.connect.commands import with_commands
from tap_stripe.errors import CatalogError, SettingError, StateError, TapError
from tap_stripe.masking import Mask
from tap_stripe.memory import keep_flat
from tap_stripe.output.maps import mapper
from tap_stripe.permissions import chosen, link, needed
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.settings import (
    APP_FILE,
    MISSING_KEY,
    MOST_OF_A_NAME,
    NUMBERS,
    SANDBOX,
    SANDBOX_KEY,
    SECRETS,
    SETTINGS,
    Settings,
    number,
    read_settings,
    refuse_unknown,
    without_nulls,
)
from tap_stripe.stopping import Stopping
from tap_stripe.streams import Collection
from tap_stripe.sync.fetch import Fetch
from tap_stripe.sync.pages import pages
from tap_stripe.sync.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    import click

    from tap_stripe.streams.listing import Feed
    from tap_stripe.sync.reading import Page


_mask = Mask()
# The same at each start: a second run finds nothing new.
_SANDBOX_NOW = 1_790_000_000
_CHECK_RETRY_S = 15.0


class TapStripe(Tap):
    """Copies a Stripe account into any warehouse, and keeps it equal to Stripe."""

    name = "tap-stripe"
    package_name = "singer-tap-stripe"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    # Lines of rows are encoded with msgspec: the other messages the same way.
    message_writer_class = MsgSpecWriter

    def __init__(self, **kwargs: Any) -> None:
        self._reported: set[tuple[str, str]] = set()
        self._settings: Settings | None = None
        self._run: Run | None = None
        self._stopping = Stopping()
        catalog = kwargs.get("catalog")
        if isinstance(catalog, Mapping) and not isinstance(catalog, Catalog):
            catalog = kwargs["catalog"] = read_catalog(catalog)
        self._given_catalog = catalog if isinstance(catalog, Catalog) else None
        super().__init__(**kwargs)
        self._check_catalog()

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 # As singer-sdk's own.
        """Read settings from the environment.

        Raises:
            SettingError: A variable can't be read.
        """
        schema = cls.config_jsonschema
        cls.append_builtin_config(schema)
        found: dict[str, Any] = {}
        for name, definition in schema["properties"].items():
            variable = f"{cls._env_var_prefix}{name.upper()}"
            if "string" not in definition.get("type", ()) and not os.environ.get(
                variable, "unset"
            ):
                continue
            try:
                found |= parse_environment_config(
                    {"properties": {name: definition}}, cls._env_var_prefix
                )
            except ValueError:
                message = f"The environment variable {variable} can't be read."
                raise SettingError(message) from None
        return found

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, the length of names as PostgreSQL takes it."""
        super().append_builtin_config(config_jsonschema)
        properties = config_jsonschema["properties"]
        properties["flattening_max_key_length"] = {
            **properties["flattening_max_key_length"],
            "default": MOST_OF_A_NAME,
            "description": (
                "The maximum length of a flattened key. PostgreSQL cuts names off "
                f"after {MOST_OF_A_NAME} bytes."
            ),
        }

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; the sandbox needs no key of the user."""
        self._config = without_nulls(self._config)
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        if raise_errors:
            refuse_unknown(self._config, schema["properties"])
        for name in NUMBERS:
            # From the environment the SDK brings them as text.
            if isinstance(value := self._config.get(name), str):
                self._config[name] = number(name, value)
        if self._config.get("api_url") == SANDBOX:
            # A key that is set for Stripe is nothing to the sandbox.
            self._config["api_key"] = SANDBOX_KEY
            self._config.pop(APP_FILE, None)
        if raise_errors and not any(
            str(self._config.get(name) or "").strip() for name in ("api_key", APP_FILE)
        ):
            raise SettingError(
                MISSING_KEY + link(needed(chosen(self._given_catalog).values()))
            )
        for name in SECRETS:
            if isinstance(secret := self._config.get(name), str):
                _mask.add(secret)
            elif raise_errors and secret is not None:
                # Not repeated: it's secret.
                message = f"The setting {name} must be a text."
                raise SettingError(message)
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except AttributeError:
            # singer-sdk's own schemas can't tell each wrong value.
            message = (
                "The setting stream_maps or faker_config can't be used: it has not the "
                "form that https://sdk.meltano.com/en/latest/stream_maps.html says."
            )
            raise SettingError(message) from None

    def setup_mapper(self) -> None:
        """Make the stream maps that the settings ask for.

        Raises:
            SettingError: One can't be used.
        """
        # Catalogs may lack keys, and call a stream as they like.
        selected = {
            stream.name: replace(
                entry, stream=stream.name, key_properties=stream.primary_keys
            )
            for stream in self.selected()
            if (entry := self.catalog.get_stream(stream.name)) is not None
        }
        self.mapper = mapper(
            self.config, self.streams.values(), selected, logger=self.logger
        )

    @property
    def settings(self) -> Settings:
        """The settings, checked.

        Raises:
            SettingError: One can't be used.
        """
        if self._settings is None:
            self._settings = read_settings(self.config)
        return self._settings

    @property
    def says_account(self) -> bool:
        """Whether rows say whose they are; known without a key, for discovery.

        Raises:
            SettingError: The accounts can't be understood.
        """
        config = self.config
        return read_accounts(config.get("account_ids"), config.get("shard")).several

    def discover_streams(self) -> list[Collection]:
        """Give a stream for each collection."""
        return [collection(self) for collection in Collection.registered.values()]

    def selected(self) -> list[Collection]:
        """Give the streams that are selected."""
        return [
            stream
            for stream in self.streams.values()
            if isinstance(stream, Collection) and stream.selected
        ]

    def report_once(self, collection: Collection, message: str) -> None:
        """Warn of something in a collection, but not again in this run."""
        if (collection.name, message) not in self._reported:
            self._reported.add((collection.name, message))
            collection.logger.warning(message)

    # Running

    def run(self) -> None:
        """Sync all selected collections at once.

        singer-sdk would go stream by stream, but Stripe bounds each endpoint to a
        quarter of what it allows an account.

        Raises:
            TapError: The run could not go on, or something could not be read.
        """
        keep_flat()
        with self.client() as client:
            self._run = Run(self, client, now=int(time.time()))
            self._run.run()

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Give the way to Stripe; to the local sandbox if the settings say so."""
        settings = self.settings
        if settings.api_url != SANDBOX:
            with closing(self._client(settings.api_url)) as client:
                yield client
            return
        with (
            Sandbox(Options(now=_SANDBOX_NOW, keys={SANDBOX_KEY: None})) as sandbox,
            closing(self._client(sandbox.url)) as client,
        ):
            yield client

    def _client(self, api_url: str) -> Client:
        settings = self.settings
        return Client(
            credentials=credentials(settings, hide=_mask.add),
            api_url=api_url,
            budget=RateBudget(
                settings.requests_per_second,
                endpoint_requests_per_second=settings.requests_per_second_per_endpoint,
                account_requests_per_second=settings.requests_per_second_per_account,
            ),
            usage=Usage(),
            timeout_s=settings.timeout_s,
            retry_s=settings.retry_s,
        )

    def pages(self, collection: Collection) -> Iterator[tuple[Feed, Page]]:
        """Read a collection page by page: the way of singer-sdk's own sync."""
        settings = self.settings
        with self.client() as client:
            yield from pages(
                Fetch(client),
                settings.accounts,
                collection,
                start=settings.start,
                now=int(time.time()),
            )

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop, with a last STATE line if the target takes it."""
        del frame
        self._stopping.ask(signum)
        if self._run is None:
            sys.exit(128 + signum)
        # The writer may be in the middle of a line: it stops behind it.
        self._run.stop(signum)

    # State and catalog

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state over.

        Raises:
            StateError: It has not the form of a Singer state.
        """
        bookmarks: Any = state.get("bookmarks", None if state else {})
        if not isinstance(bookmarks, dict) or not all(
            isinstance(bookmark, dict) for bookmark in bookmarks.values()
        ):
            message = (
                "The state is no Singer state with bookmarks; restore an earlier one, "
                "or drop it to read everything again."
            )
            raise StateError(message)
        super().load_state(state)

    def _check_catalog(self) -> None:
        if self.input_catalog is None:
            return
        for entry in self.input_catalog.streams:
            if entry.tap_stream_id not in self.streams:
                message = (
                    f"The catalog has the stream {entry.tap_stream_id!r}, which tap-"
                    "stripe does not know; take it out, or discover the catalog anew."
                )
                raise CatalogError(message)

    # Command line

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Give the command line, with `connect` and `disconnect`."""
        return with_commands(super().get_singer_command(), logger=cls.logger)

    @classmethod
    def invoke(  # type: ignore[override] # as Tap itself does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: Any = None,
        catalog: Any = None,
    ) -> None:
        """Run the command line's default: a sync.

        Overrides singer-sdk's, whose `sync_all` goes stream by stream.
        """
        if about:
            cls.print_about(about_format)
            sys.exit(0)
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        with _one_sentence(cls):
            tap = cls(
                config=config.config,
                state=_read_json(state, "state", StateError),
                catalog=_read_json(catalog, "catalog", CatalogError),
                parse_env_config=config.parse_env,
            )
            tap.run()

    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the config files."""
        try:
            return super().cb_config(ctx, param, value)
        except (OSError, ValueError) as error:
            _fail(cls, f"The config {', '.join(value)} can't be read: {error}")

    @classmethod
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:  # noqa: FBT001 - click's
        """Write the catalog."""
        with _one_sentence(cls):
            super().cb_discover(ctx, param, value)

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Find out whether the key can read what is selected."""
        if value == CliTestOptionValue.All.value:
            # Run in place of a sync: the catalog may be an option behind this one.
            ctx.command.callback = cls._check
            return
        with _one_sentence(cls):
            super().cb_test(ctx, param, value)

    @classmethod
    def _check(
        cls, *, config: _ConfigInput | None = None, catalog: Any = None, **_: Any
    ) -> NoReturn:
        config = config or _ConfigInput()
        with _one_sentence(cls):
            tap = cls(
                config=config.config,
                catalog=_read_json(catalog, "catalog", CatalogError),
                parse_env_config=config.parse_env,
            )
            # Somebody waits for the answer.
            patient = tap.settings
            tap._settings = replace(
                patient, retry_s=min(_CHECK_RETRY_S, patient.retry_s)
            )
            selected = tap.selected()
            with tap.client() as client:
                found = check.ask(client, patient.accounts, selected)
            told = list(check.lines(found, selected))
            sys.stdout.write(
                check.table(found, told, needed(selected), api_key=patient.api_key)
            )
        sys.exit(0 if check.is_complete(told) else 1)


def _read_json(file: Any, what: str, error_class: type[TapError]) -> Any:
    if file is None:
        return None
    try:
        read = json.load(file)
    except (RecursionError, ValueError) as error:
        message = f"The {what} file {file.name} is no JSON ({error})."
        raise error_class(message) from None
    if not isinstance(read, dict):
        message = f"The {what} file {file.name} is no JSON object."
        raise error_class(message)
    return read


@contextmanager
def _one_sentence(cls: type[TapStripe]) -> Iterator[None]:
    """End with one sentence where the user has something to change."""
    _mask.install()
    try:
        yield
    except TapError as error:
        _fail(cls, str(error))
    except ConfigValidationError as error:
        _fail(cls, " ".join(map(_named, error.errors)))
    except BrokenPipeError:
        # The interpreter would try to flush stdout once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(cls, "The target has closed the pipe; its own messages say why.")


def _named(problem: str) -> str:
    what, _, place = problem.partition(" in config[")
    name = place.partition("]")[0].strip("'")
    return f"The setting {name} can't be used: {what}." if name else f"{problem}."


def _fail(cls: type[TapStripe], sentence: str) -> NoReturn:
    cls.logger.error(sentence)
    sys.exit(1)
