"""What can go wrong with a registry: for now, or for good."""

from modelseal.errors import ToolError


class RegistryError(ToolError):
    """The registry refuses, or gave something that cannot be used; asking again does not help."""


class NotFound(RegistryError):
    """The registry has no such thing, or does not say so to us."""


class Unavailable(RegistryError):
    """The registry cannot be reached, or does not work at the moment.

    Attributes:
        wait: Seconds that it asks to wait; 0 when it does not say.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", wait: float = 0.0) -> None:
        super().__init__(what, where=where, mend=mend)
        self.wait = wait


class RateLimited(Unavailable):
    """The registry has been asked too often, by us or by others behind the same address."""
