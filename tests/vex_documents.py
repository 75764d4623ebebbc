"""VEX documents for tests, written as briefly as their cases need."""

import json
from typing import Any

CVE = "CVE-2023-45853"
ZLIB = "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.15&epoch=1"
REASON = "vulnerable_code_not_in_execute_path"
SERIAL = "3e671687-395b-41f5-a30f-a58921a69b79"


def product(purl: str, *parts: str) -> dict[str, Any]:
    return {"@id": purl} | ({"subcomponents": [{"@id": part} for part in parts]} if parts else {})


def said(
    status: str = "not_affected", *products: dict[str, Any] | str, cve: str | dict[str, Any] = CVE, **fields: Any
) -> dict[str, Any]:
    """Return an OpenVEX statement that is valid; `fields` are added to it, and None takes one away."""
    made: dict[str, Any] = {
        "vulnerability": {"name": cve} if isinstance(cve, str) else cve,
        "products": [product(item) if isinstance(item, str) else item for item in products or (ZLIB,)],
        "status": status,
    }
    if status == "not_affected":
        made["justification"] = REASON
    if status == "affected":
        made["action_statement"] = "wait"
    return {key: value for key, value in (made | fields).items() if value is not None}


def openvex(*statements: Any, **fields: Any) -> dict[str, Any]:
    """Return an OpenVEX document that is valid; `fields` are put over it, and None takes one away."""
    made: dict[str, Any] = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://openvex.dev/docs/example/vex-1",
        "author": "Ada",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": list(statements),
    }
    made |= {f"@{key[3:]}" if key.startswith("at_") else key: value for key, value in fields.items()}
    return {key: value for key, value in made.items() if value is not None}


def vulnerability(*refs: Any, cve: str = CVE, state: str | None = "not_affected", **analysis: Any) -> dict[str, Any]:
    """Return an entry of a CycloneDX document's `vulnerabilities`; None takes a field of the analysis away."""
    made: dict[str, Any] = {"state": state, "justification": "code_not_reachable"}
    if state not in ("not_affected", "false_positive"):
        del made["justification"]
    made = {key: value for key, value in (made | analysis).items() if value is not None}
    affects = [ref if isinstance(ref, dict) else {"ref": ref} for ref in refs or (ZLIB,)]
    return {"id": cve, "analysis": made, "affects": affects}


def cyclonedx(*vulnerabilities: Any, **fields: Any) -> dict[str, Any]:
    """Return a CycloneDX document that is valid; `fields` are put over it, and None takes one away."""
    made: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{SERIAL}",
        "version": 1,
        "metadata": {"timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "Ada"}]},
        "vulnerabilities": list(vulnerabilities),
    }
    return {key: value for key, value in (made | fields).items() if value is not None}


def packed(document: Any) -> bytes:
    return json.dumps(document).encode()
