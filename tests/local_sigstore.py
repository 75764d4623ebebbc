"""A Sigstore on loopback for a test session: `assets/local-sigstore`, installed by npm from its lock file."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "assets" / "local-sigstore"


@dataclass(frozen=True)
class LocalSigstore:
    """A running server."""

    url: str
    trust_config: Path
    trusted_root: Path

    @property
    def unlogged(self) -> "LocalSigstore":
        """The server's second instance: timestamps in place of a log, as GitHub's own for private repositories."""
        folder = self.trust_config.parent
        return LocalSigstore(self.url, folder / "unlogged-trust-config.json", folder / "unlogged-trusted-root.jsonl")

    def environ(self, **claims: str) -> dict[str, str]:
        """What a job with `id-token: write` has in its environment; claims other than those of a push to octo/model."""
        encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/oidc?api-version=2.0&claims={encoded}",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-request-token",
        }


@contextlib.contextmanager
def running(folder: Path, *, port: int = 0, claims: dict[str, str] | None = None) -> Iterator[LocalSigstore]:
    """Start the server, and end it again. Its trust files are written to `folder`.

    Args:
        folder: An existing folder.
        port: 0 for any free one.
        claims: Claims other than the default ones, for every token.
    """
    environ = {"PATH": os.environ["PATH"], "LOCAL_SIGSTORE_CLAIMS": json.dumps(claims or {})}
    argv = ["node", str(installed() / "server.js"), str(port), str(folder)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), "the local Sigstore did not start"
            yield LocalSigstore(url, folder / "client-trust-config.json", folder / "trusted-root.jsonl")
        finally:
            server.terminate()


def installed() -> Path:
    """Return the server's folder with its dependencies, installing them once per machine and lock file."""
    assert shutil.which("node"), "these tests need Node.js (on Debian: apt-get install nodejs npm)"
    assert shutil.which("npm"), "these tests need npm (on Debian: apt-get install npm)"
    content = b"".join(
        (SOURCE / name).read_bytes() for name in ("package-lock.json", "package.json", "server.js", "unlogged.js")
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelseal-tests"
    folder = cache / f"local-sigstore-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=cache))
        for path in SOURCE.iterdir():
            if path.is_file():
                shutil.copy(path, making)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=making, check=True, timeout=300)
        with contextlib.suppress(OSError):  # another session was faster
            making.rename(folder)
        shutil.rmtree(making, ignore_errors=True)
    return folder
