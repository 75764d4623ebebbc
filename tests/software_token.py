"""A token in software (SoftHSM) with keys in it, for the tests of keys that cannot be taken out."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pkcs11.util.ec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
LABEL = "modelseal tests"
PIN = "canary-pin-8417"
KEYS = {"P-256": (2, "secp256r1"), "P-384": (3, "secp384r1"), "P-521": (4, "secp521r1")}


@dataclass(frozen=True)
class Token:
    """A token that is there.

    Attributes:
        module: The library that speaks to it.
        environ: The variables that lead there.
        public_keys: The public halves of its keys, by kind.
    """

    module: str
    environ: dict[str, str]
    public_keys: dict[str, ec.EllipticCurvePublicKey]

    def uri(self, kind: str) -> str:
        """Return what names a key for `attest`."""
        return f"hsm:{KEYS[kind][0]}?label={LABEL.replace(' ', '+')}"

    def pkcs11_uri(self, kind: str) -> str:
        """Return what names a key for model_signing."""
        token = LABEL.replace(" ", "%20")
        return f"pkcs11:token={token};id=%0{KEYS[kind][0]};object={kind}?pin-value={PIN}&module-path={self.module}"


@contextmanager
def plugged_in(folder: Path) -> Iterator[Token]:
    """Make a token with its keys; the environment leads to it meanwhile."""
    module = next((path for path in MODULES if Path(path).exists()), "")
    assert module, "SoftHSM is missing: run `bash tests/setup.sh docker`"
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    environ = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf"), "PYKCS11LIB": module}
    before = {name: os.environ.get(name) for name in environ}
    os.environ.update(environ)
    try:
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "0000", "--pin", PIN],
            check=True, capture_output=True,
        )  # fmt: skip
        yield Token(module, environ, {kind: _generate(module, kind) for kind in KEYS})
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _generate(module: str, kind: str) -> ec.EllipticCurvePublicKey:
    number, curve = KEYS[kind]
    library: Any = pkcs11.lib(module)
    library.reinitialize()
    with library.get_token(token_label=LABEL).open(user_pin=PIN, rw=True) as session:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters(curve)},
            local=True,
        )
        public, _private = parameters.generate_keypair(store=True, id=bytes([number]), label=kind)
        made = serialization.load_der_public_key(pkcs11.util.ec.encode_ec_public_key(public))
    assert isinstance(made, ec.EllipticCurvePublicKey)
    return made
