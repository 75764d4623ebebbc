"""A client of registries: what it is given is checked against its digest, and none of it is believed before that.

The protocol: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""

from modelseal.registry.authorization import Credentials
from modelseal.registry.client import Client
from modelseal.registry.content import Descriptor, Manifest
from modelseal.registry.faults import NotFound, RateLimited, RegistryError, Unavailable
from modelseal.registry.limits import Clock, Limits
from modelseal.registry.reference import Reference, parse
from modelseal.registry.referrers import Referrer
from modelseal.registry.writer import Artifact, Attached, Writer

__all__ = [
    "Artifact",
    "Attached",
    "Client",
    "Clock",
    "Credentials",
    "Descriptor",
    "Limits",
    "Manifest",
    "NotFound",
    "RateLimited",
    "Reference",
    "Referrer",
    "RegistryError",
    "Unavailable",
    "Writer",
    "parse",
]
