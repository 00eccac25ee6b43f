"""From rows to what the target reads.

- lines: rows become Singer lines, one way or another.
- maps: what stream maps and flattening make of a row.
"""
