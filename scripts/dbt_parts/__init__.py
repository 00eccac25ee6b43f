"""The parts of dbt/ that are generated from the collections."""
