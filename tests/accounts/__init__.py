"""Many accounts in one run."""
