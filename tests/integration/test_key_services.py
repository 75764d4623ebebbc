"""Keys of Google's and Azure's services, through stand-ins for their packages; the keys and the signatures are real.

What the services answer: https://cloud.google.com/kms/docs/reference/rest (`getPublicKey`, `asymmetricSign`),
https://learn.microsoft.com/en-us/rest/api/keyvault/keys (Get Key, Sign; a JSON Web Key, and r and s side by side)
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from attestation_material import context, key, pem, public_pem
from modelseal import station
from modelseal.commands import verify
from modelseal.verdict import ExitCode

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "1f" * 32
GOOGLE = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
AZURE = "//release.vault.azure.net/keys/release"
COMMON = """
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
KEY = serialization.load_pem_private_key(open({key!r}, "rb").read(), None)
ALGORITHM = {algorithm!r}
PUBLIC = KEY.public_key()
def signed(digest, bits):
    hash = utils.Prehashed(getattr(hashes, "SHA" + bits)())
    if isinstance(PUBLIC, ec.EllipticCurvePublicKey):
        return KEY.sign(digest, ec.ECDSA(hash))
    return KEY.sign(digest, padding.PKCS1v15(), hash)
"""
PACKAGES = {
    "google/api_core/exceptions.py": """
class GoogleAPIError(Exception): pass
class PermissionDenied(GoogleAPIError): pass
""",
    "google/auth/exceptions.py": "class GoogleAuthError(Exception): pass\n",
    "google/cloud/kms_v1/types.py": """
class Algorithms:
    def __getattr__(self, name): return name
class CryptoKeyVersion:
    CryptoKeyVersionAlgorithm = Algorithms()
""",
    "google/cloud/kms.py": COMMON + """
from types import SimpleNamespace
from google.api_core.exceptions import PermissionDenied
class PublicKey:
    class PublicKeyFormat: PEM = 1
class KeyManagementServiceClient:
    def get_public_key(self, request):
        if request["name"] != NAME: raise PermissionDenied("403 no such key version")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        data = PUBLIC.public_bytes(serialization.Encoding.PEM, form)
        return SimpleNamespace(algorithm=ALGORITHM, public_key=SimpleNamespace(data=data))
    def asymmetric_sign(self, request):
        assert request["name"] == NAME
        ((hash, digest),) = request["digest"].items()
        return SimpleNamespace(signature=signed(digest, hash.removeprefix("sha")))
""".replace("NAME", repr(GOOGLE)),
    "azure/core/exceptions.py": "class AzureError(Exception): pass\nclass HttpResponseError(AzureError): pass\n",
    "azure/identity.py": "class DefaultAzureCredential: pass\n",
    "azure/keyvault/keys/__init__.py": COMMON + """
from types import SimpleNamespace
from azure.core.exceptions import HttpResponseError
class KeyCurveName: p_256, p_384, p_521 = "P-256", "P-384", "P-521"
class KeyVaultKey: pass
class KeyClient:
    def __init__(self, vault_url, credential): assert vault_url == "https://release.vault.azure.net/"
    def get_key(self, name):
        if name != "release": raise HttpResponseError("(KeyNotFound) no such key")
        if ALGORITHM == "RSA": return SimpleNamespace(key=SimpleNamespace(kty="RSA"))
        numbers, size = PUBLIC.public_numbers(), (PUBLIC.key_size + 7) // 8
        kid = "https://release.vault.azure.net/keys/release/7"
        x, y = (number.to_bytes(size, "big") for number in (numbers.x, numbers.y))
        return SimpleNamespace(key=SimpleNamespace(kty="EC-HSM", crv=ALGORITHM, x=x, y=y, kid=kid))
""",
    "azure/keyvault/keys/crypto.py": COMMON + """
from types import SimpleNamespace
class SignatureAlgorithm: es256, es384, es512 = "256", "384", "512"
class CryptographyClient:
    def __init__(self, key, credential): assert key == "https://release.vault.azure.net/keys/release/7"
    def sign(self, algorithm, digest):
        size = (PUBLIC.key_size + 7) // 8
        both = utils.decode_dss_signature(signed(digest, algorithm))
        return SimpleNamespace(signature=b"".join(number.to_bytes(size, "big") for number in both))
""",
}  # fmt: skip


def attested(folder: Path, kind: str, uri: str, algorithm: str) -> subprocess.CompletedProcess[str]:
    """Attest an image with a key in a service whose packages are in a folder."""
    packages, file = folder / "packages", folder / "cloud.pem"
    file.write_text(pem(key(kind)))
    for name, code in PACKAGES.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(code.replace("{key!r}", repr(str(file))).replace("{algorithm!r}", repr(algorithm)))
    return subprocess.run(
        [
            sys.executable, "-I", ROOT / "scripts", "attest", "--image", "example", "--digest", DIGEST, "--sign", "kms",
            "--key-uri", uri, "--key-packages", packages, "--output-dir", folder / "out",
        ],
        env={name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ},
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "uri", "algorithm"),
    [
        ("P-256", f"gcpkms:{GOOGLE}", "EC_SIGN_P256_SHA256"),
        ("P-384", f"gcpkms:{GOOGLE}", "EC_SIGN_P384_SHA384"),
        ("RSA 3072", f"gcpkms:{GOOGLE}", "RSA_SIGN_PKCS1_3072_SHA256"),
        ("P-256", f"azurekms:{AZURE}", "P-256"),
        ("P-384", f"azurekms:{AZURE}/7", "P-384"),
        ("P-521", f"azurekms:{AZURE}", "P-521"),
    ],
)
def test_key_in_a_service_signs_what_its_public_half_verifies(
    tmp_path: Path, kind: str, uri: str, algorithm: str
) -> None:
    done = attested(tmp_path, kind, uri, algorithm)
    assert done.returncode == 0, done.stderr
    (tmp_path / "key.pub").write_bytes(public_pem(key(kind)))
    given = station.read_inputs(verify.Inputs, {"image": "example", "digest": DIGEST})
    inputs = replace(given, bundles=tmp_path / "out" / "bundles", public_key=tmp_path / "key.pub")
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize(
    ("uri", "algorithm", "status", "message"),
    [
        ("gcpkms:projects/other", "EC_SIGN_P256_SHA256", 3, "PermissionDenied: 403 no such key version"),
        (f"gcpkms:{GOOGLE}", "EC_SIGN_SECP256K1_SHA256", 2, "is not a supported signing algorithm"),
        (f"gcpkms:{GOOGLE}", "EC_SIGN_P384_SHA384", 3, "What was just signed does not verify"),
        ("azurekms://release.vault.azure.net/keys/other", "P-256", 3, "(KeyNotFound) no such key"),
        (f"azurekms:{AZURE}/6", "P-256", 2, "the version is not the key's current one"),
        (f"azurekms:{AZURE}", "RSA", 2, "Unsupported key type RSA"),
        (f"azurekms:{AZURE}", "P-256K", 2, "Unsupported curve type"),
        ("azurekms://release.vault.example/keys/release", "P-256", 2, "the URI is not azurekms://"),
    ],
)
def test_key_that_cannot_be_used_signs_nothing(
    tmp_path: Path, uri: str, algorithm: str, status: int, message: str
) -> None:
    done = attested(tmp_path, "P-256", uri, algorithm)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert not (tmp_path / "out" / "bundles").exists()
