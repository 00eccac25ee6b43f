"""A local Stripe-shaped server: the demo's source and the tests' counterpart."""

from tap_stripe.sandbox.changes import OPERATIONS
from tap_stripe.sandbox.faults import Broken, Faults
from tap_stripe.sandbox.limits import Limits
from tap_stripe.sandbox.options import API_VERSION, DEFAULT_KEY, Options
from tap_stripe.sandbox.sandbox import Sandbox

__all__ = [
    "API_VERSION",
    "DEFAULT_KEY",
    "OPERATIONS",
    "Broken",
    "Faults",
    "Limits",
    "Options",
    "Sandbox",
]
