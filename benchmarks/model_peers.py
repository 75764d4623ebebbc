"""What other scanners of model files say: run by a peer's own Python, over files in folders, one folder a case.

    python model_peers.py PEER FOLDER

Prints `{"seconds": …, "flagged": [case, …], "failed": [case, …]}`: the cases in which the peer reports something that
it takes for dangerous, and those in which it gave up on a file. Seconds are of the imports and the scans.
"""

import contextlib
import importlib
import io
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

CLEAN, FLAGGED, FAILED = range(3)
PATIENCE = 20.0  # seconds
# What each raises at files that it cannot read is for its authors to say; a benchmark counts it.
Scan = Callable[[str], bool]


def picklescan() -> Scan:
    """With its default options: `--strict` is a peer of its own."""
    scan_file_path = importlib.import_module("picklescan.scanner").scan_file_path

    def scan(path: str) -> bool:
        result = scan_file_path(path)
        if result.scan_err and not result.issues_count:
            raise ValueError(path)
        return bool(result.issues_count)

    return scan


def picklescan_strict() -> Scan:
    """What is not known to be safe counts as dangerous."""
    scan_file_path = importlib.import_module("picklescan.scanner").scan_file_path

    return lambda path: bool(scan_file_path(path, strict=True).issues_count)


def modelscan() -> Scan:
    """Every issue counts, whatever its severity."""
    scanner_class = importlib.import_module("modelscan.modelscan").ModelScan

    def scan(path: str) -> bool:
        scanner = scanner_class()
        results = scanner.scan(path)
        if results.get("errors") and not results["summary"]["total_issues"]:
            raise ValueError(path)
        return bool(results["summary"]["total_issues"])

    return scan


def fickling() -> Scan:
    """What it does not take for likely safe."""
    is_likely_safe = importlib.import_module("fickling").is_likely_safe
    return lambda path: not is_likely_safe(path)


def hayward() -> Scan:
    """High and critical ones, which is what its gate fails on."""
    module = importlib.import_module("hayward")
    bad = {module.Severity.HIGH, module.Severity.CRITICAL}
    scanner = module.ModelFileScanner()
    return lambda path: any(finding.severity in bad for finding in scanner.scan_file(Path(path)))


PEERS = {
    "picklescan": picklescan,
    "picklescan --strict": picklescan_strict,
    "modelscan": modelscan,
    "fickling": fickling,
    "hayward": hayward,
}


def main(peer: str, folder: str) -> None:
    """Scan every case, and print what was said."""
    logging.disable(logging.CRITICAL)
    started = time.perf_counter()
    scan = PEERS[peer]()
    said = {case.name: _apart(scan, case) for case in sorted(Path(folder).iterdir())}
    seconds = time.perf_counter() - started
    flagged = [case for case, answer in said.items() if answer == FLAGGED]
    failed = [case for case, answer in said.items() if answer not in (CLEAN, FLAGGED)]
    print(json.dumps({"seconds": seconds, "flagged": flagged, "failed": failed}))


def _apart(scan: Scan, case: Path) -> int:
    """Scan a case in a process of its own: some files crash a scanner, or keep it for ever."""
    if (child := os.fork()) == 0:
        os._exit(_case(scan, case))
    deadline = time.monotonic() + PATIENCE
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return FAILED
        time.sleep(0.0005)
    return os.waitstatus_to_exitcode(ended[1])


def _case(scan: Scan, case: Path) -> int:
    answer = CLEAN
    for path in sorted(item for item in case.rglob("*") if item.is_file()):
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                if scan(str(path)):
                    return FLAGGED
        except Exception:  # noqa: BLE001 # whatever it is, the peer has no verdict
            answer = FAILED
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
