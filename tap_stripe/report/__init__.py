"""What is told of a run: while it goes on, and when it is over.

- report: counts rows, and names what could not be read.
- summary: the closing table.
- progress: how far it is, as figures.
- under_way: from what they are worked out.
- teller: looks at a run, now and then, and has it shown.
- display, terminal, footer: in the log, or in a terminal.
- metering: the SDK's metrics.
"""
