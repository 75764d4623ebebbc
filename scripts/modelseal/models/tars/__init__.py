"""Tar archives, read as each of their loaders reads them. `archive.of` gives the parsed one to any format."""
