"""Syft and Trivy: which executables may run, found on the machine or fetched, and hashed before every use.

A tool is the SHA-256 of its executable. Where it came from, what it is called and what it says of itself prove nothing:
in March 2026 a release with every sign of being genuine stole credentials (CVE-2026-33634).
"""

from modelseal.tools.provider import Tool, provide

__all__ = ["Tool", "provide"]
