"""What we write, read by others: GNU sha256sum, and OpenSSF's model_signing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelseal import station
from modelseal.artifacts import checksums, manifest
from modelseal.commands import hash_artifacts
from modelseal.station import Context

STRANGE = (
    b"a b",
    b" a",
    b"*a",
    b"a\nb",
    b"a\rb",
    b"\\",
    b"a\\nb",
    b"-",
    b"-c",
    b"$(x)",
    b"\xff",
    "é".encode(),
    b"#a",
    b"a.b",
)

# It imports, warns and logs as it likes; our own process need not hear of it.
MODEL_SIGNING = """
import json, sys
from pathlib import Path
from model_signing import hashing
from model_signing._signing import signing
folder, allow_symlinks, ignored = sys.argv[1], sys.argv[2] == "True", sys.argv[3:]
config = hashing.Config().set_ignored_paths(paths=ignored, ignore_git_paths=False).set_allow_symlinks(allow_symlinks)
statement = signing.Payload(config.hash(Path(folder))).statement.pb
from google.protobuf import json_format
print(json_format.MessageToJson(statement))
"""

# Reads our statement as `model_signing verify` does once it has checked the signature, and hashes the folder again.
MODEL_SIGNING_READS = """
import json, sys
from pathlib import Path
from model_signing import hashing
from model_signing._signing import signing
expected = signing.dsse_payload_to_manifest(json.loads(Path(sys.argv[1]).read_bytes()))
args = expected.serialization_type
config = hashing.Config().use_file_serialization(allow_symlinks=args["allow_symlinks"])
config.set_ignored_paths(paths=args.get("ignore_paths", []), ignore_git_paths=False)
config.set_allow_symlinks(args["allow_symlinks"])
assert config.hash(Path(sys.argv[2])) == expected
"""


def hashed(out: Path, folder: Path, ignore: str = "") -> hash_artifacts.Outputs:
    out.mkdir(exist_ok=True)
    inputs = station.read_inputs(hash_artifacts.Inputs, {"paths": str(folder), "ignore": ignore})
    outcome = hash_artifacts.run(inputs, Context(output_dir=out, environ=dict(os.environ), temp_dir=out))
    assert isinstance(outcome.outputs, hash_artifacts.Outputs)
    return outcome.outputs


def model_signing(program: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "some model"
    for name in (
        "b",
        "a/b",
        "a.b",
        "a/a/a",
        "a-b",
        "A",
        "a b",
        ".hidden",
        "é",
        "logs/1",
        "x.tmp",
        ".gitattributes",
        "Z/z",
    ):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (made / "empty").write_bytes(b"")
    return made


@pytest.mark.parametrize(("links", "ignore"), [(False, ""), (True, ""), (False, "logs\n*.tmp"), (True, "**/a*")])
def test_our_statement_is_the_one_that_model_signing_signs(
    folder: Path, tmp_path: Path, *, links: bool, ignore: str
) -> None:
    if links:
        (folder / "link").symlink_to("b")
    data = Path(hashed(tmp_path / "out", folder, ignore).manifest).read_bytes()
    ours = json.loads(data)
    left_out = manifest.parse(data).ignored
    theirs = json.loads(model_signing(MODEL_SIGNING, folder, str(links), *left_out))
    assert ours["subject"][0].pop("name") == "some-model"
    assert theirs["subject"][0].pop("name") == "some model"
    # Theirs come in the order of a set.
    for statement in (ours, theirs):
        paths = statement["predicate"]["serialization"].get("ignore_paths", [])
        assert bool(paths) is bool(ignore)
        paths.sort()
    assert ours == theirs


def test_model_signing_finds_the_folder_to_be_what_our_statement_says(folder: Path, tmp_path: Path) -> None:
    for name in STRANGE:
        (folder / os.fsdecode(name)).write_bytes(name)
    (folder / "link").symlink_to("b")
    made = hashed(tmp_path / "out", folder, "logs")
    model_signing(MODEL_SIGNING_READS, made.manifest, folder)
    (folder / "b").write_text("changed")
    with pytest.raises(AssertionError):
        model_signing(MODEL_SIGNING_READS, made.manifest, folder)


def test_a_manifest_that_model_signing_signed_can_be_checked_against(folder: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_text(model_signing(MODEL_SIGNING, folder, "False"))
    ours = hashed(tmp_path / "out", folder)
    assert manifest.parse(theirs.read_bytes()).digests == manifest.parse(Path(ours.manifest).read_bytes()).digests


def sha256sum_accepts(file: Path, folder: Path) -> bool:
    done = subprocess.run(
        ["sha256sum", "--strict", "--status", "-c", file], cwd=folder, check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode == 0


def test_sha256sum_accepts_whatever_the_names_contain(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in STRANGE:
        (folder / os.fsdecode(name)).write_bytes(name)
    made = hashed(tmp_path / "out", folder)
    assert sha256sum_accepts(Path(made.checksums), folder)
    for name in STRANGE:
        path = folder / os.fsdecode(name)
        path.write_bytes(b"changed")
        assert not sha256sum_accepts(Path(made.checksums), folder), name
        path.write_bytes(name)
    assert sha256sum_accepts(Path(made.checksums), folder)


part = st.binary(min_size=1, max_size=12).filter(lambda b: b not in (b".", b"..") and not {0, 47} & set(b))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(part | st.text("\\\n\r *-nr", min_size=1, max_size=4).map(str.encode), min_size=1, max_size=5))
def test_any_names_agree_with_sha256sum(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    base = tmp_path_factory.mktemp("any")
    folder = base / "model"
    folder.mkdir()
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(name)
    made = hashed(base / "out", folder)
    assert sha256sum_accepts(Path(made.checksums), folder)
    # And the other way round: what it writes, we read.
    written = subprocess.run(
        ["sha256sum", "--", *(b"./" + name for name in names)], cwd=folder, capture_output=True, check=True
    )
    assert dict(checksums.parse(written.stdout)) == dict(checksums.parse(Path(made.checksums).read_bytes()))


def test_model_signing_verifies_our_statement_when_it_is_signed_as_it_is(folder: Path, tmp_path: Path) -> None:
    """The bytes of the manifest, put into a bundle by model_signing's own signer, pass its own command line."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public, signature = (tmp_path / name for name in ("key", "key.pub", "model.sig"))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    made = hashed(tmp_path / "out", folder, "logs\n*.tmp")
    sign = """
import sys
from pathlib import Path
from google.protobuf import json_format
from model_signing._signing import sign_ec_key
sign_ec_key.json_format = type("", (), {"MessageToJson": staticmethod(lambda _: Path(sys.argv[1]).read_text())})
payload = type("", (), {"statement": type("", (), {"pb": None})})
sign_ec_key.Signer(Path(sys.argv[2])).sign(payload).write(Path(sys.argv[3]))
"""
    model_signing(sign, made.manifest, private, signature)
    verify = [sys.executable, "-m", "model_signing", "verify", "key", str(folder), "--signature", str(signature),
              "--public_key", str(public), "--no-ignore-git-paths"]  # fmt: skip
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "new").write_text("added")
    assert subprocess.run(verify, capture_output=True, check=False).returncode != 0
