"""From rows to what the target reads.

- lines: rows become Singer lines.
"""
