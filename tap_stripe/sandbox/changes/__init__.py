"""Changes while a sandbox runs, with the events that Stripe would raise."""

from tap_stripe.sandbox.changes.operations import OPERATIONS

__all__ = ["OPERATIONS"]
