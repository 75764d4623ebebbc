"""Container images: how they are built, and the archive they are saved to."""
