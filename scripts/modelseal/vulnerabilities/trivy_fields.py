"""Values out of an object in Trivy's report, each of its type or refused."""

from dataclasses import dataclass
from typing import Any

from modelseal.errors import ToolError


@dataclass(frozen=True, slots=True)
class Fields:
    """An object, read field by field. A field that is missing or null is empty; one of another type is an error."""

    value: dict[str, Any]

    def text(self, name: str) -> str:
        """Return a text, empty when there is none.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def required(self, name: str) -> str:
        """Return a text that must be there.

        Raises:
            ToolError: It is not, or it is something else.
        """
        value = self.text(name)
        if not value:
            known = self.value.get("VulnerabilityID") or self.value.get("RuleID") or self.value.get("ID") or ""
            raise ToolError(f"A finding in Trivy's report has no {name}.", where=str(known)[:80])
        return value

    def number(self, name: str) -> int:
        """Return a whole number that is not negative, 0 when there is none.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if value is None:
            return 0
        if type(value) is not int or value < 0:
            raise self.wrong(name, "a line number")
        return value

    def boolean(self, name: str) -> bool:
        """Return true or false, false when there is none.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "a list of texts")
        return tuple(value)

    def objects(self, name: str) -> list[dict[str, Any]]:
        """Return a list of objects.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, "a list of objects")
        return value

    def object(self, name: str) -> "Fields":
        """Return an object.

        Raises:
            ToolError: It is something else.
        """
        return Fields({} if self.value.get(name) is None else self.of(name, dict))

    def of(self, name: str, kind: type) -> Any:
        """Return a value of a type.

        Raises:
            ToolError: It is something else.
        """
        value = self.value.get(name)
        if not isinstance(value, kind):
            raise self.wrong(name, "an object" if kind is dict else "a list")
        return value

    def filled(self, name: str, kind: type) -> Any:
        """Return a value of a type that must be there and not be empty.

        Raises:
            ToolError: It is missing, empty, or something else.
        """
        value = self.value.get(name)
        if not isinstance(value, kind) or not value:
            raise ToolError(f"Trivy's report has no {name}.", mend="The scan is not whole; run it again.")
        return value

    def wrong(self, name: str, wanted: str) -> ToolError:
        """Return the error for a field that is not what it should be."""
        return ToolError(f"{name} in Trivy's report is not {wanted}.", where=repr(self.value.get(name))[:80])
