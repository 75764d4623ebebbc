"""GitHub's store of attestations: put bundles there, and find those about a digest.

https://docs.github.com/rest/repos/attestations. What is found proves nothing before its signature is verified.
"""

import json
import logging
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import urllib3

from modelseal import __version__
from modelseal.errors import InputError, ToolError
from modelseal.github import rest, run, snappy, transport
from modelseal.github.rest import Client, Patience, RestError

logger = logging.getLogger(__name__)

MOST_LISTED = 1000
_PAGE = 10
_PAGE_BYTES = 128 * 1024 * 1024
_COMPRESSED_BYTES = 48 * 1024 * 1024
_BUNDLE_BYTES = 64 * 1024 * 1024
_ALL_BYTES = 512 * 1024 * 1024
_FETCH_ATTEMPTS = 3
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}")
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="next"')
_NOT_FOR_PLAN = re.compile(r"(?i)feature not available|upgrade to github|not available for .{0,60}repositor")
_FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 403, 404, 422
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TIMEOUT = urllib3.Timeout(connect=10.0, read=60.0)
_DOCS = "https://docs.github.com/actions/concepts/security/artifact-attestations"


@dataclass(frozen=True)
class Created:
    """GitHub has the attestation."""

    identifier: int
    url: str


@dataclass(frozen=True)
class NotOffered:
    """There is no store of attestations here, for this job. `reason` and `mend` are whole sentences."""

    reason: str
    mend: str


@dataclass(frozen=True)
class Store:
    """The attestations of one repository.

    Attributes:
        client: A way to the API.
        repository: `octo/model`.
        environ: The job's environment: proxies, and the address of GitHub for people.
    """

    client: Client
    repository: str
    environ: Mapping[str, str] = field(repr=False)

    def offered(self) -> NotOffered | None:
        """Find out, before anything is signed, why attestations cannot be stored here; None if nothing is known.

        Whether the job has `attestations: write` is only known when something is stored: GitHub does not tell before.

        Raises:
            RestError: The repository cannot be read, or GitHub does not answer.
        """
        if refusal := self._known_refusal():
            return refusal
        try:
            about = self.client.request("GET", f"/repos/{self.repository}").body
        except RestError as error:
            if error.status == _NOT_FOUND:
                raise InputError(
                    f"GitHub knows no repository {self.repository}, or does not let this token see it.",
                    where="store: github",
                    mend="Check the repository and the token; in a private one the job needs `contents: read`.",
                ) from error
            raise
        owner = about.get("owner") if isinstance(about, dict) else None
        private = isinstance(about, dict) and about.get("private") is True
        if private and isinstance(owner, dict) and owner.get("type") == "User":
            return _PRIVATE_OF_USER
        return None

    def create(self, bundle: bytes) -> Created | NotOffered:
        """Store a bundle.

        Storing one twice does no harm, so it is sent again when nobody knows whether it has arrived.

        Raises:
            ToolError: It is allowed and does not work.
        """
        path = f"/repos/{self.repository}/attestations"
        try:
            answer = self.client.request("POST", path, body={"bundle": json.loads(bundle)})
        except RestError as error:
            if refusal := self._refusal(error):
                return refusal
            raise _explained(error) from error
        identifier = answer.body.get("id") if isinstance(answer.body, dict) else None
        if not isinstance(identifier, int) or isinstance(identifier, bool) or identifier < 1:
            raise ToolError("GitHub took the attestation, but did not say under which number.", where=path)
        server = (self.environ.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
        return Created(identifier, f"{server}/{self.repository}/attestations/{identifier}")

    def about(self, digest: str, predicate_type: str = "") -> tuple[bytes, ...]:
        """Return every bundle about a digest, as JSON.

        Args:
            digest: `sha256:` and 64 hexadecimal digits.
            predicate_type: Only of this type; a URI, or empty for all.

        Raises:
            ToolError: GitHub refuses or does not answer, a bundle cannot be had, or there are more than 1000.
        """
        query: dict[str, str | int] = {"per_page": _PAGE}
        if predicate_type:
            query["predicate_type"] = predicate_type
        path: str | None = f"/repos/{self.repository}/attestations/{digest}"
        found: list[bytes] = []
        seen: set[str] = set()
        while path is not None:
            seen.add(path)
            try:
                answer = self.client.request("GET", path, query=query, largest=_PAGE_BYTES)
            except RestError as error:
                if error.status == _NOT_FOUND and len(seen) == 1:  # also where there are none: no reason to stop
                    break
                raise
            query = {}  # the address of the next page has it all
            found += [self._bundle(entry) for entry in _entries(answer.body, path)]
            following = _NEXT.search(answer.headers.get("link", ""))
            path = urllib.parse.urljoin(f"{self.client.base}/", following[1]) if following else None
            if len(found) > MOST_LISTED or path in seen or sum(map(len, found)) > _ALL_BYTES:
                raise ToolError(
                    f"There are more than {MOST_LISTED} attestations about this or 512 MiB, or the list has no end.",
                    where=digest,
                    mend="Keep bundles of this subject in a folder or a registry.",
                )
        return tuple(found)

    def _bundle(self, entry: object) -> bytes:
        """Return a bundle that is in the list, or that the list says where to fetch."""
        inline = entry.get("bundle") if isinstance(entry, dict) else None
        if isinstance(inline, dict) and inline:
            return json.dumps(inline, separators=(",", ":")).encode()
        url = entry.get("bundle_url") if isinstance(entry, dict) else None
        if not isinstance(url, str) or not url:
            raise ToolError("GitHub lists an attestation without its bundle.", where=self.repository)
        return fetched(url, self.environ, self.client.patience, near=self.client.base)

    def _known_refusal(self) -> NotOffered | None:
        if self.client.is_server and not _is_loopback(self.client.base):
            return _ON_SERVER
        about = run.read(self.environ)
        if about.only_reads and about.repository.lower() == self.repository.lower():
            return _ONLY_READS
        return None

    def _refusal(self, error: RestError) -> NotOffered | None:
        """Tell whether GitHub does not offer it here, which nobody can mend in the workflow."""
        if _NOT_FOR_PLAN.search(error.message):
            if "user-owned" in error.message.lower():
                return _PRIVATE_OF_USER
            return NotOffered(
                f"GitHub does not store attestations of this repository: {error.message}",
                f"Private repositories need GitHub Enterprise Cloud, see {_DOCS}; `file` and `oci` work everywhere.",
            )
        return None


_ON_SERVER = NotOffered(
    "GitHub Enterprise Server has no store of attestations.", "Use `store: oci`, or keep the folder of bundles."
)
_ONLY_READS = NotOffered(
    "Jobs of pull requests from forks, and those that Dependabot starts, have a token that only reads.",
    "Attest in the workflow that runs after the merge.",
)
_PRIVATE_OF_USER = NotOffered(
    "Feature not available for user-owned private repositories, says GitHub.",
    f"Make the repository public, or move it to an organization whose plan has it: {_DOCS}. `file` and `oci` work "
    "everywhere.",
)


def store(
    environ: Mapping[str, str],
    repository: str,
    token: str,
    patience: Patience | None = None,
    *,
    anonymous: bool = False,
) -> Store:
    """Return the store of a repository.

    Args:
        environ: For `GITHUB_API_URL` and the proxies' variables.
        repository: `octo/model`.
        token: With `attestations: write` to store, or `read`.
        patience: For tests.
        anonymous: Whether it will do without a token: public repositories' attestations can be read by anybody.

    Raises:
        InputError: The repository's name or the token cannot be one.
    """
    if not _REPOSITORY.fullmatch(repository) or repository.partition("/")[2] in (".", ".."):
        raise InputError(
            f"{repository[:100]!r} is not a repository on GitHub." if repository else "The repository is not known.",
            where="attestations on GitHub",
            mend="Give `repository` as owner/name; in a workflow GITHUB_REPOSITORY names it.",
        )
    return Store(rest.client(environ, token, patience, anonymous=anonymous), repository, environ)


def fetched(url: str, environ: Mapping[str, str], patience: Patience, *, near: str) -> bytes:
    """Fetch a bundle from the storage that GitHub names, without the token, and decompress it.

    Raises:
        ToolError: The address is not one to follow, or the bundle cannot be had or read.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), ""
    plain = parts.scheme == "http" and host in _LOOPBACK and _is_loopback(near)
    if not host or parts.username is not None or not (plain or parts.scheme == "https"):
        raise ToolError(
            "GitHub names a place for a bundle where we do not go: only HTTPS is followed.", where=host[:200]
        )
    deadline = patience.clock() + patience.seconds
    problem = ""
    for attempt in range(_FETCH_ATTEMPTS):
        if attempt:
            patience.sleep(2.0**attempt)
        content, problem, lasting = _fetched_once(url, environ, lambda: patience.clock() > deadline)
        if not problem:
            try:
                return snappy.decompress(content, _BUNDLE_BYTES)
            except snappy.SnappyError as error:
                problem, lasting = f"what it gave cannot be decompressed: {error}", True
        if lasting:
            break
    # The address itself is a password: it stays unsaid.
    raise ToolError(f"A bundle cannot be had: {problem}.", where=host, mend="Run the job again later.")


def _fetched_once(url: str, environ: Mapping[str, str], too_late: Callable[[], bool]) -> tuple[bytes, str, bool]:
    """Return what is there; or what is wrong, and whether it stays so."""
    try:
        with transport.pool(url, environ) as pool:
            response = pool.request(
                "GET", url, headers={"User-Agent": f"modelseal/{__version__}"}, timeout=_TIMEOUT, retries=False,
                redirect=False, preload_content=False,
            )  # fmt: skip
            content = transport.read(response, too_late, _COMPRESSED_BYTES)
    except transport.TooMuchError as error:
        return b"", str(error), True
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return b"", f"the storage cannot be reached ({type(error).__name__})", False
    if response.status != 200:  # noqa: PLR2004
        return b"", f"the storage answered {response.status}", response.status < 500  # noqa: PLR2004
    return content, "", False


def _entries(body: object, where: str) -> list[object]:
    entries = body.get("attestations") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise ToolError("GitHub's list of attestations is malformed.", where=where)
    return entries


def _explained(error: RestError) -> ToolError:
    if error.status in (_FORBIDDEN, _NOT_FOUND):
        mend = "Give the job `permissions: attestations: write`."
    elif error.status == _UNPROCESSABLE:
        mend = "GitHub takes bundles whose statement has at most 1024 subjects and a predicate of at most 16 MiB."
    else:
        mend = error.mend
    return ToolError("The attestation could not be stored at GitHub.", where=error.what, mend=mend)


def _is_loopback(url: str) -> bool:
    return (urllib.parse.urlsplit(url).hostname or "") in _LOOPBACK
