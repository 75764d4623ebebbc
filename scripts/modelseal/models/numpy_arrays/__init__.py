"""NumPy's own files: what the header of an array says, read without NumPy and without evaluating it."""
