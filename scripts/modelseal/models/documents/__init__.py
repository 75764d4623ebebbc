"""Documents beside models: what is in them, and what of it a loader would follow."""
