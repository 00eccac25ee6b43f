"""The reports of dbt/ after a load, in one `meltano run`."""

from __future__ import annotations

import pytest


@pytest.mark.long("tests/dbt builds the same reports, without Meltano")
def test_reports_are_built_after_a_load(meltano, server):
    server.psql("CREATE DATABASE reports")
    where = {
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.get_uri("reports", driver="psycopg"),
        "DBT_POSTGRES_HOST": str(server.pgdata),
        "DBT_POSTGRES_DATABASE": "reports",
    }
    meltano("install", "utility", "dbt-postgres")

    said = meltano(
        "--environment=sandbox",
        "run",
        "tap-stripe",
        "target-postgres",
        "dbt-postgres:build",
        **where,
    )

    assert "ERROR=0" in said
    built = server.psql(
        "\\connect reports\n"
        "SELECT count(*) FROM analytics_sandbox_stripe_marts.stripe_mrr_by_month;"
    )
    assert int(built.split()[-3]) > 0
