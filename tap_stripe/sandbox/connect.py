"""Connect: accounts, application fees and transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.sources import ACCOUNT_SERIALS, made_source
from tap_stripe.sandbox.words import NAMES, TEXTS, metadata

if TYPE_CHECKING:
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object


class Accounts(Collection, object_name="account"):
    """Accounts connected to the platform; its own is not among them.

    https://docs.stripe.com/api/accounts
    """

    name = "accounts"
    prefix = "acct_"

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        dice = self.dice(rank)
        identifier = self.base_id(rank)
        record = shape("account")
        is_controlled = universe.has_many(rank) or dice.chance(0.6)
        record.update(
            id=identifier,
            business_type=dice.pick((None, "company", "individual")),
            country=dice.pick(("US", "DE", "JP")),
            created=self.created(rank),
            default_currency=dice.pick(("usd", "eur", "jpy")),
            email=dice.pick((None, f"account.{rank}@example.com")),
            metadata=metadata(dice),
            type="express" if is_controlled else "standard",
        )
        record["business_profile"]["name"] = dice.pick((None, *NAMES))
        if is_controlled:
            record["controller"] = {
                "fees": {"payer": "application_express"},
                "is_controller": True,
                "losses": {"payments": "application"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "express"},
                "type": "application",
            }
            record["external_accounts"] = [
                made_source(
                    universe,
                    dice,
                    rank,
                    ACCOUNT_SERIALS + serial,
                    owner=("account", identifier),
                )
                for serial in reversed(range(universe.brood(dice, rank, least=1)))
            ]
        elif dice.chance(0.4):
            # Stripe may leave `created` out for Standard accounts.
            del record["created"]
        return record


def own_account(identifier: str, created: int) -> Object:
    """The account that a platform's key belongs to."""
    record = shape("account")
    record.update(id=identifier, created=created)
    return record


class ApplicationFees(Collection, object_name="application_fee"):
    """Application fees, with their refunds.

    https://docs.stripe.com/api/application_fees
    """

    name = "application_fees"
    prefix = "fee_"
    filters = ("charge",)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        number = self.universe.brood(dice, rank, least=0)
        return self.made(rank, self.created(rank), dice, refunds=number)

    def made(self, rank: int, created: int, dice: Dice, *, refunds: int = 0) -> Object:
        """A fee."""
        universe = self.universe
        charge = dice.below(universe.charges.count)
        made = [
            self.refund(rank, serial, created, amount=10)
            for serial in reversed(range(refunds))
        ]
        amount = dice.between(400, 9_000)
        refunded = 10 * refunds
        charge_id = universe.charges.base_id(charge)
        record = shape("application_fee")
        record.update(
            id=self.base_id(rank),
            account=universe.accounts.base_id(dice.below(universe.accounts.count)),
            amount=amount,
            amount_refunded=refunded,
            balance_transaction=universe.transactions.id_of("application_fee", rank),
            charge=charge_id,
            created=created,
            fee_source={"charge": charge_id, "type": "charge"},
            refunds=made,
        )
        return record

    def refund(self, rank: int, serial: int, created: int, *, amount: int) -> Object:
        """A refund of an application fee."""
        record = shape("fee_refund")
        transactions = self.universe.transactions
        record.update(
            id=self.universe.ids.make("fr_", rank, serial),
            amount=amount,
            balance_transaction=transactions.id_of(
                "application_fee_refund", rank, serial
            ),
            created=min(created + 60 * serial, self.universe.ended_at),
            fee=self.base_id(rank),
            metadata={"serial": str(serial)} if serial % 3 == 0 else {},
        )
        return record


class Transfers(Collection, object_name="transfer"):
    """Transfers to connected accounts, with their reversals.

    https://docs.stripe.com/api/transfers
    """

    name = "transfers"
    prefix = "tr_"
    filters = ("destination", "transfer_group")

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        created = self.created(rank)
        number = self.universe.brood(dice, rank, least=0)
        return self.made(rank, created, dice, reversals=number)

    def made(
        self, rank: int, created: int, dice: Dice, *, reversals: int = 0
    ) -> Object:
        """A transfer."""
        universe = self.universe
        charge = dice.below(universe.charges.count)
        made = [
            self.reversal(rank, serial, created, amount=10)
            for serial in reversed(range(reversals))
        ]
        record = shape("transfer")
        record.update(
            id=self.base_id(rank),
            amount=dice.between(1_000, 90_000),
            amount_reversed=10 * reversals,
            balance_transaction=universe.transactions.id_of("transfer", rank),
            created=created,
            description=dice.pick((None, *TEXTS)),
            destination=universe.accounts.base_id(dice.below(universe.accounts.count)),
            destination_payment=universe.ids.make("py_", rank),
            metadata=metadata(dice),
            reversals=made,
            source_transaction=universe.charges.base_id(charge)
            if dice.chance(0.5)
            else None,
            transfer_group=dice.pick((None, f"group_{rank % 5}")),
        )
        return record

    def reversal(self, rank: int, serial: int, created: int, *, amount: int) -> Object:
        """A reversal of a transfer."""
        record = shape("transfer_reversal")
        transactions = self.universe.transactions
        record.update(
            id=self.universe.ids.make("trr_", rank, serial),
            amount=amount,
            balance_transaction=transactions.id_of("transfer_refund", rank, serial),
            created=min(created + 60 * serial, self.universe.ended_at),
            metadata={"serial": str(serial)} if serial % 3 == 0 else {},
            transfer=self.base_id(rank),
        )
        return record
