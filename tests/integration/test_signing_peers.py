"""Keys, tokens and certificates, beside model_signing: each accepts what the other signs; and no secret is told."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

import certificate_authority
import software_token
from attestation_material import MODEL, context, key, manifest, payloads, pem, project
from modelseal import station
from modelseal.commands import attest, hash_artifacts, verify
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

PEERS = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tests" / "assets" / "signatures" / "model-signing"
VECTORS = ROOT / "tests" / "assets" / "signatures" / "model-signing-spec" / "test-vectors" / "v1.0" / "valid"
CURVES = ["P-256", "P-384", "P-521"]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[software_token.Token]:
    with software_token.plugged_in(tmp_path_factory.mktemp("token")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the model in it, and the certificates of its authority beside it."""
    for name, data in MODEL.items():
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_bytes(data)
    (tmp_path / "root.pem").write_bytes(certificate_authority.root().pem)
    (tmp_path / "issuing.pem").write_bytes(certificate_authority.authority().pem)
    other = certificate_authority.issue(
        "Example Root", key("P-521"), None, ca=True, usage=certificate_authority.ISSUING
    )
    (tmp_path / "other-root.pem").write_bytes(other.pem)
    return tmp_path


def certificate_for(folder: Path, public_key: Any) -> Path:
    """Write the certificate for a key, and the one of its authority after it; return the path."""

    class Holder:
        def public_key(self) -> Any:
            return public_key

    holder: Any = Holder()
    leaf = certificate_authority.issue(
        "Example Release", holder, certificate_authority.authority(), ca=False, usage=certificate_authority.SIGNING
    )
    (folder / "leaf.pem").write_bytes(leaf.pem)
    (folder / "chain.pem").write_bytes(leaf.pem + certificate_authority.authority().pem)
    return folder / "chain.pem"


def peer(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = PEERS / "model_signing"
    assert program.exists(), "model_signing is missing from the development environment: run make"
    token = {name: os.environ[name] for name in ("SOFTHSM2_CONF",) if name in os.environ}
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **token}
    return subprocess.run(
        [program, *arguments], env=environ, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def accepts(folder: Path, signature: Path, method: str, *how: str | Path) -> bool:
    done = peer(folder, "verify", method, "model", "--signature", signature, *how)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def attested(folder: Path, **changes: Any) -> Path:
    """Sign the model, and return its signature."""
    (folder / "fraud-model.manifest.json").write_bytes(manifest())
    inputs = station.read_inputs(attest.Inputs, {"manifest": str(folder / "fraud-model.manifest.json")})
    outcome = attest.run(replace(inputs, **changes), context(folder))
    assert outcome.exit_code is ExitCode.PASSED
    return Path(outcome.outputs.signature)


def verified(folder: Path, **given: Any) -> Outcome:
    inputs = {"paths": (str(folder / "model"),), "require": ("model-signature",)}
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(inputs | given)), context(folder))


def public_half(folder: Path, public_key: Any) -> Path:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "key.pub").write_bytes(public_key.public_bytes(serialization.Encoding.PEM, form))
    return folder / "key.pub"


# --- what we sign, others accept --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CURVES)
def test_model_signing_accepts_our_certificates(folder: Path, kind: str) -> None:
    chain = certificate_for(folder, key(kind).public_key())
    signature = attested(folder, sign="key", private_key=pem(key(kind)), certificate_chain=chain)
    assert accepts(folder, signature, "certificate", "--certificate_chain", folder / "root.pem")
    assert not accepts(folder, signature, "certificate", "--certificate_chain", folder / "other-root.pem")
    (folder / "model" / "config.json").write_bytes(b"[]")
    assert not accepts(folder, signature, "certificate", "--certificate_chain", folder / "root.pem")


@pytest.mark.parametrize("kind", ["P-256", "P-384"])
def test_model_signing_accepts_our_tokens(folder: Path, token: software_token.Token, kind: str) -> None:
    how = {"sign": "kms", "key_uri": token.uri(kind), "private_key_password": software_token.PIN}
    signature = attested(folder, **how)
    public_key = public_half(folder, token.public_keys[kind])
    assert accepts(folder, signature, "key", "--public_key", public_key)
    outcome = verified(folder, signature=signature, public_key=public_key)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline

    chain = certificate_for(folder, token.public_keys[kind])
    signature = attested(folder, **how, certificate_chain=chain)
    assert accepts(folder, signature, "certificate", "--certificate_chain", folder / "root.pem")
    outcome = verified(folder, signature=signature, certificate_root=folder / "root.pem")
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


def test_what_they_leave_out_is_signed_and_they_accept_it_when_told_to_look(folder: Path) -> None:
    """Without the flag they do not look for it and miss it: no file can hide there from either of us."""
    files = MODEL | {".gitattributes": b"*.onnx filter=lfs", ".github/run.py": b"import os", "empty": b""}
    for name, data in files.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    texts = {"paths": str(folder / "model"), "name": "fraud-model"}
    hashed = hash_artifacts.run(station.read_inputs(hash_artifacts.Inputs, texts), context(folder))
    inputs = station.read_inputs(attest.Inputs, {"manifest": hashed.outputs.manifest, "sign": "key"})
    outcome = attest.run(replace(inputs, private_key=pem(key("P-256"))), context(folder))
    signature = Path(outcome.outputs.signature)
    how = ("key", "--public_key", public_half(folder, key("P-256").public_key()))
    assert accepts(folder, signature, *how, "--no-ignore-git-paths")
    assert not accepts(folder, signature, *how)
    given = {"signature": signature, "public_key": folder / "key.pub"}
    assert verified(folder, **given).exit_code is ExitCode.PASSED
    (folder / "model" / ".github" / "more.py").write_bytes(b"import os")
    assert not accepts(folder, signature, *how, "--no-ignore-git-paths")
    assert "added: .github/more.py" in verified(folder, **given).headline


def test_encrypted_keys_and_the_older_forms_of_openssl(folder: Path) -> None:
    """What `openssl` writes today and wrote before PKCS #8."""
    made: list[tuple[Path, str]] = []
    for arguments in (
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes-256-cbc", "-pass", "pass:canary"],
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
        ["ecparam", "-name", "secp521r1", "-genkey"],
    ):
        file = folder / f"{len(made)}.pem"
        subprocess.run(["openssl", *arguments, "-out", file], check=True, capture_output=True)
        made.append((file, "canary" if "-pass" in arguments else ""))
    for file, password in made:
        signature = attested(folder, sign="key", private_key=str(file), private_key_password=password)
        public = subprocess.run(
            ["openssl", "pkey", "-in", file, "-pubout", "-passin", f"pass:{password}"], check=True, capture_output=True
        )
        (folder / "key.pub").write_bytes(public.stdout)
        assert accepts(folder, signature, "key", "--public_key", folder / "key.pub")


# --- what others sign, we accept --------------------------------------------------------------------------------------


def signed_by_peer(folder: Path, *arguments: str | Path) -> Path:
    done = peer(folder, "sign", arguments[0], "model", "--signature", "model.sig", *arguments[1:])
    assert done.returncode == 0, done.stderr
    return folder / "model.sig"


@pytest.mark.parametrize("kind", CURVES)
def test_we_accept_their_certificates(folder: Path, kind: str) -> None:
    certificate_for(folder, key(kind).public_key())
    (folder / "key.pem").write_text(pem(key(kind)))
    signature = signed_by_peer(
        folder, "certificate", "--private_key", "key.pem", "--signing_certificate", "leaf.pem",
        "--certificate_chain", "issuing.pem",
    )  # fmt: skip
    given: dict[str, Any] = {"signature": signature, "certificate_root": folder / "root.pem"}
    assert verified(folder, **given).exit_code is ExitCode.PASSED
    assert verified(folder, **given, certificate_subject="CN=Example Release").exit_code is ExitCode.PASSED
    assert "not of CN=Else" in verified(folder, **given, certificate_subject="CN=Else").headline
    other = verified(folder, signature=signature, certificate_root=folder / "other-root.pem")
    assert "does not lead to the trusted root" in other.headline
    (folder / "model" / "extra").write_bytes(b"x")
    assert "added: extra" in verified(folder, **given).headline


@pytest.mark.parametrize("kind", CURVES)
def test_we_accept_their_tokens(folder: Path, token: software_token.Token, kind: str) -> None:
    signature = signed_by_peer(folder, "pkcs11-key", "--pkcs11_uri", token.pkcs11_uri(kind))
    given = {"signature": signature, "public_key": public_half(folder, token.public_keys[kind])}
    outcome = verified(folder, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (folder / "model" / "config.json").write_bytes(b"[]")
    assert "changed: config.json" in verified(folder, **given).headline


def test_their_tokens_with_certificates(folder: Path, token: software_token.Token) -> None:
    """Of model_signing 1.1.1 there is nothing to accept: it refuses the bundle that it makes itself."""
    certificate_for(folder, token.public_keys["P-256"])
    done = peer(
        folder, "sign", "pkcs11-certificate", "model", "--signature", "model.sig", "--pkcs11_uri",
        token.pkcs11_uri("P-256"), "--signing_certificate", "leaf.pem", "--certificate_chain", "issuing.pem",
    )  # fmt: skip
    assert done.returncode == 1
    assert "validation error" in done.stderr


@pytest.mark.parametrize("place", ["model/model.sig", "model.sig"])
@pytest.mark.parametrize(
    ("flags", "unsigned"),
    [
        ([], [".gitattributes"]),
        (["--no-ignore-git-paths"], []),
        (["--ignore-paths", "model/config.json"], [".gitattributes", "config.json"]),
        (["--ignore-paths", "model/weights", "--no-ignore-git-paths"], ["weights"]),
    ],
    ids=str,
)
def test_we_accept_what_they_left_out_only_by_its_name(
    folder: Path, flags: list[str], unsigned: list[str], place: str
) -> None:
    (folder / "model" / ".gitattributes").write_text("*.onnx filter=lfs")
    (folder / "key.pem").write_text(pem(key("P-256")))
    done = peer(folder, "sign", "key", "model", "--signature", place, "--private_key", "key.pem", *flags)
    assert done.returncode == 0, done.stderr
    public_key = public_half(folder, key("P-256").public_key())
    assert accepts(folder, folder / place, "key", "--public_key", public_key, *flags)
    given = {"signature": folder / place, "public_key": public_key}
    outcome = verified(folder, **given)
    assert (outcome.exit_code is ExitCode.PASSED) == (not unsigned), outcome.headline
    assert all(f"added: {name}" in outcome.headline for name in unsigned)
    outcome = verified(folder, **given, ignore=tuple(unsigned))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize("allowed", [True, False])
def test_we_take_their_word_on_links(folder: Path, *, allowed: bool) -> None:
    (folder / "model" / "latest").symlink_to("weights/model.onnx")
    (folder / "key.pem").write_text(pem(key("P-256")))
    flags = ["--allow_symlinks"] if allowed else []
    done = peer(folder, "sign", "key", "model", "--signature", "model.sig", "--private_key", "key.pem", *flags)
    assert (done.returncode == 0) == allowed
    if allowed:
        given = {"signature": folder / "model.sig", "public_key": public_half(folder, key("P-256").public_key())}
        assert verified(folder, **given).exit_code is ExitCode.PASSED
        (folder / "model" / "latest").unlink()
        assert "missing: latest" in verified(folder, **given).headline


SIGN_AS = """
import sys
from model_signing import hashing, signing
config = getattr(hashing.Config(), sys.argv[1])(**eval(sys.argv[2]))
signing.Config().use_elliptic_key_signer(private_key="key.pem").set_hashing_config(config).sign("model", "model.sig")
"""


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("use_file_serialization", {"hashing_algorithm": "blake2"}),
        ("use_file_serialization", {"hashing_algorithm": "blake3"}),
        ("use_shard_serialization", {"shard_size": 100}),
        ("use_shard_serialization", {"shard_size": 512}),
        ("use_shard_serialization", {"shard_size": 10**9}),
        ("use_shard_serialization", {"shard_size": 7, "hashing_algorithm": "blake2"}),
    ],
    ids=str,
)
def test_we_accept_their_other_ways_to_hash(folder: Path, method: str, how: dict[str, Any]) -> None:
    (folder / "key.pem").write_text(pem(key("P-384")))
    subprocess.run([sys.executable, "-c", SIGN_AS, method, repr(how)], cwd=folder, check=True, capture_output=True)
    given = {"signature": folder / "model.sig", "public_key": public_half(folder, key("P-384").public_key())}
    outcome = verified(folder, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (folder / "model" / "__init__.py").touch()  # their shards do not cover it, and they accept it
    assert "added: __init__.py" in verified(folder, **given).headline
    (folder / "model" / "__init__.py").unlink()
    (folder / "model" / "weights" / "model.onnx").write_bytes(MODEL["weights/model.onnx"][:-1] + b"!")
    assert "changed: weights/model.onnx" in verified(folder, **given).headline


@pytest.mark.parametrize(
    "release", ["v0.3.1-elliptic-key", "v1.0.0-elliptic-key", "v1.0.1-elliptic-key", "v1.0.0-certificate"]
)
def test_we_accept_their_past_releases(tmp_path: Path, release: str) -> None:
    one_file = release in ("v0.3.1-elliptic-key", "v1.0.0-elliptic-key")
    where = MODELS / release / "signme-1" if one_file else MODELS / release
    root = {"certificate_root": MODELS / "ca-cert.pem"}
    given: dict[str, Any] = {
        "paths": (str(where),),
        "signature": MODELS / release / "model.sig",
        **(root if "certificate" in release else {"public_key": MODELS / "signing-key-pub.pem"}),
    }
    left_out = ("ignore-me",) if release.startswith("v1.0.1") else ()
    outcome = verified(tmp_path, **given, ignore=left_out)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    if left_out:
        assert "added: ignore-me" in verified(tmp_path, **given).headline


@pytest.mark.parametrize("vector", ["certificate", "key"])
def test_we_accept_the_formats_own_vectors(tmp_path: Path, vector: str) -> None:
    trust = {
        "key": {"public_key": MODELS / "signing-key-pub.pem"},
        "certificate": {"certificate_root": MODELS / "ca-cert.pem"},
    }
    (tmp_path / "model").mkdir()
    for name in ("signme-1", "signme-2"):
        (tmp_path / "model" / name).write_bytes((MODELS / "v1.0.1-elliptic-key" / name).read_bytes())
    outcome = verified(tmp_path, signature=VECTORS / f"{vector}.bundle.json", **trust[vector])
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


# --- tokens and key services that refuse ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"key_uri": "hsm:9"}, InputError, "cannot be used"),
        ({"key_uri": "hsm:2?label=other"}, InputError, "No PKCS#11 token found"),
        ({"key_uri": "hsm:x"}, InputError, "not a number"),
        ({"key_uri": "hsm:4"}, InputError, "not a supported EC curve"),
        ({"key_uri": "nothing:2"}, InputError, "does not name a key"),
        ({"key_uri": ""}, InputError, "needs the key's name"),
        ({"private_key_password": ""}, InputError, "needs its PIN"),
        ({"private_key_password": "canary-wrong-pin"}, ToolError, "did not sign (PinIncorrect)"),
        ({"private_key": "canary"}, InputError, "A private key was given"),
        ({"key_uri": "awskms:x"}, InputError, "packages that are not installed: boto3"),
        ({"key_uri": "gcpkms:x"}, InputError, "not installed: google-cloud-kms"),
        ({"key_uri": "azurekms:x"}, InputError, "not installed: azure-identity azure-keyvault-keys"),
        ({"key_uri": "awskms:x", "key_packages": Path("/nowhere")}, InputError, "folder of packages is not there"),
    ],
    ids=str,
)
def test_tokens_that_cannot_sign(  # noqa: PLR0913 - fixtures
    folder: Path,
    token: software_token.Token,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
    error: type[ModelsealError],
    message: str,
) -> None:
    given = {"sign": "kms", "key_uri": token.uri("P-256"), "private_key_password": software_token.PIN}
    with caplog.at_level("DEBUG"), pytest.raises(error) as caught:
        attested(folder, **(given | changes))
    assert message in str(caught.value)
    assert "canary" not in str(caught.value) + caplog.text
    assert not (folder / "out" / "bundles").exists()


# boto3, as far as the library that speaks to AWS KMS uses it; the key is real. What the service answers:
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html and API_GetPublicKey.html
BOTO3 = """
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from botocore.exceptions import ClientError
KEY = serialization.load_pem_private_key(open({key!r}, "rb").read(), None)
ALGORITHMS = {algorithms!r}
class Client:
    def get_public_key(self, KeyId):
        if KeyId != "alias/release":
            raise ClientError("NotFoundException: no such key")
        der = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return {{"PublicKey": der, "SigningAlgorithms": ALGORITHMS}}
    def sign(self, KeyId, Message, MessageType, SigningAlgorithm):
        assert MessageType == "DIGEST" and SigningAlgorithm in ALGORITHMS
        hash = utils.Prehashed({{"256": hashes.SHA256(), "384": hashes.SHA384()}}[SigningAlgorithm[-3:]])
        if SigningAlgorithm.startswith("ECDSA"):
            return {{"Signature": KEY.sign(Message, ec.ECDSA(hash))}}
        return {{"Signature": KEY.sign(Message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hash)}}
def client(name):
    assert name == "kms"
    return Client()
"""


def cloud(folder: Path, kind: str, uri: str, *algorithms: str) -> subprocess.CompletedProcess[str]:
    """Attest an image with a key in a stand-in for a key service, whose packages are in a folder."""
    packages = folder / "packages"
    (packages / "boto3").mkdir(parents=True)
    (packages / "botocore").mkdir()
    (packages / "botocore" / "__init__.py").touch()
    errors = "class BotoCoreError(Exception): pass\nclass ClientError(Exception): pass\n"
    (packages / "botocore" / "exceptions.py").write_text(errors)
    (folder / "cloud.pem").write_text(pem(key(kind)))
    code = BOTO3.format(key=str(folder / "cloud.pem"), algorithms=list(algorithms))
    (packages / "boto3" / "__init__.py").write_text(code)
    project(folder)
    return subprocess.run(
        [
            sys.executable, "-I", ROOT / "scripts", "attest", "--image", "example", "--digest", "sha256:" + "1f" * 32,
            "--sign", "kms", "--key-uri", uri, "--key-packages", packages, "--output-dir", folder / "out",
        ],
        env={name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ},
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("P-256", ["ECDSA_SHA_256"]),
        ("P-384", ["ECDSA_SHA_384"]),
        ("RSA 2048", ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]),
    ],
)
def test_key_in_a_key_service(tmp_path: Path, kind: str, algorithms: list[str]) -> None:
    done = cloud(tmp_path, kind, "awskms:alias/release", *algorithms)
    assert done.returncode == 0, done.stderr
    outcome = verify.run(
        replace(
            station.read_inputs(verify.Inputs, {"image": "example", "digest": "sha256:" + "1f" * 32}),
            bundles=tmp_path / "out" / "bundles",
            public_key=public_half(tmp_path, key(kind).public_key()),
        ),
        context(tmp_path),
    )
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


def test_key_service_that_refuses(tmp_path: Path) -> None:
    done = cloud(tmp_path, "P-256", "awskms:alias/other", "ECDSA_SHA_256")
    assert done.returncode == 3
    assert "AWS KMS does not give the public key (ClientError: NotFoundException: no such key)" in done.stderr


# --- no secret is told ------------------------------------------------------------------------------------------------


def keys_that_fail(folder: Path) -> dict[str, dict[str, Any]]:
    """Return ways to sign, right and wrong, with their secrets marked."""
    good = pem(key("P-256"), "canary-password")
    chain = certificate_for(folder, key("P-384").public_key())
    return {
        "encrypted": {"private_key": good, "private_key_password": "canary-password"},
        "plain": {"private_key": pem(key("P-256"))},
        "wrong password": {"private_key": good, "private_key_password": "canary-wrong"},
        "no password": {"private_key": good},
        "password too many": {"private_key": pem(key("P-256")), "private_key_password": "canary-password"},
        "cut off": {"private_key": good[:200]},
        "no key": {"private_key": "canary-no-key"},
        "another's certificate": {"private_key": pem(key("P-256")), "certificate_chain": chain},
        "weak": {"private_key": pem(key("RSA 1024"))},
        "of another curve": {"private_key": pem(key("K-256"))},
        "for no model": {"private_key": pem(key("Ed25519"))},
        "keyless": {"private_key": good, "sign": "keyless"},
        "kms": {"private_key": good, "sign": "kms", "key_uri": "hsm:2"},
    }


@pytest.mark.parametrize(
    "case",
    [
        "encrypted", "plain", "wrong password", "no password", "password too many", "cut off", "no key",
        "another's certificate", "weak", "of another curve", "for no model", "keyless", "kms",
    ],
)  # fmt: skip
def test_no_secret_reaches_a_log_an_error_or_a_file(folder: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    given = {"sign": "key"} | keys_that_fail(folder)[case]
    seen = ""
    with caplog.at_level("DEBUG"):
        try:
            attested(folder, **given)
        except ModelsealError as error:
            seen = f"{error!r} {error} {error.__cause__}"
    inside = "".join(line for line in str(given["private_key"]).splitlines() if "-----" not in line)
    secrets = ["canary", *(inside[start : start + 24] for start in range(0, max(1, len(inside) - 24), 24))]
    written = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()).decode()
    for secret in filter(None, secrets):
        assert secret not in seen + caplog.text + written, case


def test_signed_statements_name_who_signed_when_it_was_a_certificate(folder: Path) -> None:
    chain = certificate_for(folder, key("P-256").public_key())
    attested(folder, sign="key", private_key=pem(key("P-256")), certificate_chain=chain)
    bundles = folder / "out" / "bundles"
    assert set(payloads(bundles)) == {"fraud-model.sig", "fraud-model.provenance.sigstore.json"}
    material = json.loads((bundles / "fraud-model.sig").read_bytes())["verificationMaterial"]
    assert len(material["x509CertificateChain"]["certificates"]) == 2
    outcome = verified(folder, bundles=bundles, certificate_root=folder / "root.pem", require=("provenance",))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    outcome = verified(folder, bundles=bundles, public_key=public_half(folder, key("P-256").public_key()))
    assert "signed with a certificate, not with a key" in outcome.headline
