"""Headless Chromium, spoken to through its DevTools pipe: no driver, no port, no package."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# As descriptors 3 and 4 Chromium reads commands and writes answers, each JSON with a NUL behind it.
# https://chromedevtools.github.io/devtools-protocol/
_START = 'exec "$0" "$@" 3<&"$COMMANDS" 4>&"$ANSWERS"'
_OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--disable-extensions", "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_PATIENCE = 60.0  # seconds


class Browser:
    """A running Chromium with one page. What it logs and requests is kept."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self._process = process
        self._commands = commands
        self._answers = answers
        self._unread = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, address: str) -> float:
        """Open an address, and return after how many seconds its page was loaded and its script had run."""
        self.events.clear()
        start = time.monotonic()
        self.send("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._receive()
        self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        return time.monotonic() - start

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript in the page, as a user's console would, and return its value."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        for character in text:
            self.send("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=character)

    def press(self, key: str, code: int) -> None:
        """Press a key that writes nothing: `Tab`, 9."""
        for way in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and way == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=way, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def size(self, width: int, height: int, *, phone: bool = False, sharpness: float = 1) -> None:
        """Make the page's window so many CSS pixels large."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=sharpness, mobile=phone
        )

    def media(self, **features: str) -> None:
        """Pretend to be another medium: `scheme="dark"`, `medium="print"`."""
        wanted = [{"name": "prefers-color-scheme", "value": features.get("scheme", "light")}]
        self.send("Emulation.setEmulatedMedia", media=features.get("medium", ""), features=wanted)

    def screenshot(self, *, whole: bool = False) -> bytes:
        """Return what is to be seen, or the whole page, as PNG."""
        return base64.b64decode(
            self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole=whole))[
                "data"
            ]
        )

    def requests(self) -> list[str]:
        """Return what the page asked the network for since it was opened, the page itself and data: left out."""
        asked = [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in asked[1:] if not url.startswith("data:")]

    def complaints(self) -> list[dict[str, Any]]:
        """Return errors, warnings, violations of the content security policy and dialogs since the page was opened."""
        methods = (
            "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Audits.issueAdded",
            "Page.javascriptDialogOpening",
        )  # fmt: skip
        return [event for event in self.events if event["method"] in methods]

    def _clip(self, *, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12_000), "scale": 1}}

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._unread:
            readable, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            received = os.read(self._answers, 1 << 20) if readable else b""
            if not received:
                raise RuntimeError("Chromium does not answer")
            self._unread += received
        message, _, self._unread = self._unread.partition(b"\0")
        read: dict[str, Any] = json.loads(message)
        if "method" in read:
            self.events.append(read)
        return read


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium, and end it afterwards."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise RuntimeError("Chromium is missing: run `bash tests/setup.sh chromium`")
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["/bin/bash", "-c", _START, program, *_OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(commands_out, answers_in),
            env={
                "PATH": os.environ["PATH"], "HOME": profile, "LANG": "C.UTF-8",
                "COMMANDS": str(commands_out), "ANSWERS": str(answers_in),
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands_out)
        os.close(answers_in)
        try:
            yield Browser(process, commands_in, answers_out)
        finally:
            os.close(commands_in)
            process.terminate()
            process.wait(timeout=20)
            os.close(answers_out)


def page(folder: Path, content: bytes) -> str:
    """Write a page, and return its address."""
    file = folder / "report.html"
    file.write_bytes(content)
    return file.as_uri()
