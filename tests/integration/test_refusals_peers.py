"""What other tools say of the releases in assets/refusals: no as well, or the case says why we are stricter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import refusals
from refusals import Case, Peer

PEERS = Path(sys.executable).parent
JUDGED = [case for case in refusals.read() if case.peer]


def asked(peer: Peer, folder: Path) -> subprocess.CompletedProcess[str]:
    arguments: list[str | Path] = [
        PEERS / "gh", "attestation", "verify", folder / "fraud.tar", "--bundle", folder / peer.bundle,
        "--custom-trusted-root", folder / "trusted-root.jsonl", "--repo", "octo/model",
    ]  # fmt: skip
    if "--cert-identity" in peer.flags:  # it takes the place of the repository's workflows
        arguments = [*arguments[:-2], "--owner", "octo"]
    if peer.tool == "model_signing":
        arguments = [
            PEERS / "model_signing", "verify", "key", folder / "model", "--signature", folder / peer.bundle,
            "--public_key", folder / "key.pub",
        ]  # fmt: skip
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GH_TOKEN": "none", "NO_COLOR": "1"}
    return subprocess.run(
        [*arguments, *peer.flags], env=environ, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("peer", "base"),
    [(Peer("gh"), "keyless"), (Peer("gh"), "unlogged"), (Peer("model_signing", "bundles/fraud-model.sig"), "key")],
    ids=str,
)
def test_the_peers_accept_the_good_release(tmp_path: Path, peer: Peer, base: str) -> None:
    refusals.lay_out(Case("good", "", base, ""), tmp_path)
    done = asked(peer, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", JUDGED, ids=lambda case: case.name)
def test_the_peer_refuses_it_too_or_the_case_says_why_we_are_stricter(case: Case, tmp_path: Path) -> None:
    assert case.peer is not None
    refusals.lay_out(case, tmp_path)
    done = asked(case.peer, tmp_path)
    assert (done.returncode == 0) == bool(case.peer.stricter), (done.stdout, done.stderr)


def test_many_are_judged_by_others_too() -> None:
    assert len(JUDGED) > 60
    assert sum(not case.peer.stricter for case in JUDGED if case.peer) > 50
