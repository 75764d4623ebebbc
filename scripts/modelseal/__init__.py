"""Modelseal takes an ML repository from source to a sealed release."""

__version__ = "0.1.0"
