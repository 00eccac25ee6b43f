"""Stripe over HTTP. Nothing here knows of Singer, of collections or of a state.

- client: the one way to ask: version, pace, retries, errors.
- credentials: which key or token a request carries.
- session: the HTTP session; it follows no redirect.
- rate: how many requests a second.
- in_flight: how many at once.
- refusals: what a failed request means.
- body: what an answer holds, as far as it has to be looked into.
- usage: counts requests, retries, 429s.
"""
