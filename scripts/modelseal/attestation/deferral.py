"""Let the library for Sigstore build its data models when they are used, and not all of them when it is imported.

It brings some 150, of which verifying a bundle needs two dozen; to build the others took about a tenth of its time.
What is accepted and what is refused stays the same: https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.defer_build
"""

from pydantic import BaseModel


def defer_models() -> None:
    """Defer the building of all models that are declared from now on to their first use."""
    BaseModel.model_config["defer_build"] = True
