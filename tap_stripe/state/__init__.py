"""What a run leaves for the next one. Pure: nothing here asks Stripe or writes lines.

- intervals: sets of seconds.
- bookmarks: how far a collection of an account is read, and how it is written.
- accounts: the bookmarks of many accounts, kept small.
- upgrade: states of earlier formats.
"""
