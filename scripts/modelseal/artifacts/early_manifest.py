"""What model_signing 0.2 signed: the files are the statement's subjects, and nothing names the model.

https://github.com/sigstore/model-transparency/blob/v0.2.0/src/model_signing/signing/in_toto.py, `DigestsIntotoPayload`.
Of that release's many forms it is the one that its command line wrote, and that later releases still verify.
"""

from collections.abc import Mapping

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short

PREDICATE_TYPE = "https://model_signing/Digests/v0.1"
_ALGORITHM = "file-sha256"


def resources(statement: Mapping[str, object]) -> list[object]:
    """Return the files as the current format lists them; they are not checked yet.

    Raises:
        Rejection: They are no list, or one was not hashed as a whole with SHA-256.
    """
    return [_resource(subject) for subject in jsontext.as_list(statement.get("subject"), "subject")]


def _resource(subject: object) -> dict[str, object]:
    name = jsontext.dig(subject, "name")
    algorithm = jsontext.dig(subject, "annotations", "actual_hash_algorithm")
    if algorithm != _ALGORITHM:
        raise Rejection(f"{short(name)} was hashed by {short(algorithm)} and not {_ALGORITHM}")
    return {"name": name, "algorithm": "sha256", "digest": jsontext.dig(subject, "digest", "sha256")}
