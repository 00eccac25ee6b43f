"""The tap with a STATE line behind each page, where it lets itself be told so."""

from __future__ import annotations

from tap_stripe.tap import TapStripe

if hasattr(TapStripe, "checkpoint_seconds"):
    TapStripe.checkpoint_seconds = 0

__all__ = ["TapStripe"]
