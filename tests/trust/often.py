"""The same with a STATE line behind each page, where the tap lets itself be told so."""

from __future__ import annotations

from tests.trust.quick import TapStripe

if hasattr(TapStripe, "checkpoint_seconds"):
    TapStripe.checkpoint_seconds = 0

__all__ = ["TapStripe"]
