"""The client and what it goes by."""
