"""The closing table."""

from __future__ import annotations

from tap_stripe.report.summary import Summary, cost, summary_rows


def test_the_table_is_aligned_and_ends_with_the_sum():
    rows = summary_rows(
        ["balance_transactions", "charges"],
        {"charges": 12_345, "balance_transactions": 6},
        {"charges": 7},
        {},
    )

    assert Summary("Sync finished.", rows, ("3 requests",)).text() == (
        "Sync finished.\n"
        "  collection               new  changed  deleted\n"
        "  balance_transactions       6        0        0\n"
        "  charges               12,345        7        0\n"
        "  all                   12,351        7        0\n"
        "  3 requests"
    )


def test_a_run_without_collections_has_a_sum_too():
    assert summary_rows([], {}, {}, {}) == (("all", 0, 0, 0),)


def test_the_cost_is_told_against_what_stripe_allows():
    told = cost(
        {"/v1/charges": 1200, "/v1/charges/{id}": 34},
        {"/v1/charges": 3},
        {"/v1/charges": 2},
        seconds=61.26,
    )

    assert told == (
        "1,234 requests in 61.3 s",
        "3 requests sent again, 2 answered with 429",
        "12.3 % of the 10,000 reads a month that Stripe always allows",
        "by endpoint: /v1/charges 1,200, /v1/charges/{id} 34",
    )
