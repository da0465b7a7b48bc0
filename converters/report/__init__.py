"""``rf-report``: a rendered dataset as one page to look at, that works without a network."""
