"""A sync: what is unread is read in parallel and written by one writer."""
