"""Modelseal takes an ML repository from source to a sealed release: built, inventoried, gated, hashed, attested, verified."""

__version__ = "0.1.0"
