"""Statements about what was built: made, signed, and verified."""
