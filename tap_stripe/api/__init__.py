"""Stripe over HTTP. Nothing here knows of Singer, of collections or of a state.

- client: the one way to ask: version, pace, retries, errors.
- credentials: which key or token a request carries.
- session: the HTTP session; it follows no redirect, and can be cut off.
- rate: how many requests a second.
- in_flight: how many at once.
- retries: how long a failing request is tried again.
- refusals: what a failed request means.
- unreached: why there was no answer, in words.
- clock: Stripe's time.
- body: what an answer holds, as far as it has to be looked into.
- text: words from outside, made fit for a log.
- usage: counts requests, retries, 429s.
"""
