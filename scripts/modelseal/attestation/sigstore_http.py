"""Requests to an authority that issues certificates or timestamps."""

import urllib.parse
from collections.abc import Mapping

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from modelseal.errors import InputError, ToolError

_CONNECT_SECONDS, _READ_SECONDS = 10, 20
_ANSWER_LIMIT = 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Asking twice does no harm: who gets two certificates or timestamps uses the later one.
_AGAIN = Retry(
    total=3,
    redirect=0,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Send something, and return the answer. Redirects are not followed: they would carry a token elsewhere.

    Raises:
        InputError: The address is not one that may be given a token.
        ToolError: There is no answer, or none that can be used.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise InputError("An authority's address must begin with https://.", where=url, mend="Check `trust-config`.")
    try:
        with requests.Session() as session:
            session.mount(f"{parts.scheme}://", HTTPAdapter(max_retries=_AGAIN))
            with session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = answer.raw.read(_ANSWER_LIMIT + 1, decode_content=True)
                status = answer.status_code
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:  # of the body: urllib3's own
        raise ToolError(
            f"The authority cannot be reached: {type(error).__name__}.",
            where=url,
            mend="Nothing was attested; try again.",
        ) from None
    if status not in (requests.codes.ok, requests.codes.created) or len(content) > _ANSWER_LIMIT:
        raise ToolError(
            f"The authority refused: it answered with status {status} and {len(content)} bytes.",
            where=url,
            mend="Nothing was attested. Check that it serves this repository: GitHub's own instance needs GitHub "
            "Enterprise Cloud for private repositories. `sign: key` needs no service.",
        )
    return bytes(content)
