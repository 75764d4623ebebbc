"""How a connection is opened and cut: HTTP and HTTPS alone, through the proxy that was chosen, and for a time only."""

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Mapping
from typing import Any, Self

from modelseal.registry.reference import is_loopback


class Watch:
    """Cut connections when their time is over."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(max(0.0, seconds), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def add(self, connection: socket.socket) -> None:
        """Cut this one too."""
        self._sockets.append(connection)

    def _cut(self) -> None:
        self.over = True
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                # Not the TLS layer's own shutdown, which another thread may be reading from.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def opener(host: str, proxies: Mapping[str, str], watch: Watch) -> urllib.request.OpenerDirector:
    """Return what opens HTTP and HTTPS alone, follows nothing, and takes no status for an error."""
    opener = urllib.request.OpenerDirector()
    chosen = {} if is_loopback(host) else chosen_proxies(host, proxies)
    for handler in (urllib.request.ProxyHandler(chosen), _Http(watch), _Https(watch)):
        opener.add_handler(handler)
    return opener


def chosen_proxies(host: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy that the environment names for a host; none for what it excepts."""

    def setting(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    without = setting("no_proxy")
    if without and urllib.request.proxy_bypass_environment(host, {"no": without}):  # type: ignore[attr-defined]
        return {}
    proxy = setting("https_proxy")
    return {"https": proxy} if proxy else {}


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_watched(http.client.HTTPConnection, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_watched(http.client.HTTPSConnection, self._watch), req, context=_certificates())


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _watched(kind: type[http.client.HTTPConnection], watch: Watch) -> Any:
    """Return a kind of connection that its watch knows of once it stands."""

    class Watched(kind):  # type: ignore[valid-type,misc] # the kind is one of two
        def connect(self) -> None:
            super().connect()
            watch.add(self.sock)

    return Watched
