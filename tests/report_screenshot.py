"""Take the picture of the HTML report that the README shows, from the test database's real advisories."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import chromium
from modelseal.report import html
from report_samples import realistic_result

IMAGE = Path(__file__).resolve().parents[1] / "docs" / "images" / "report.png"


def take() -> bytes:
    """Return the picture as PNG, in a typeface that `setup.sh chromium` installs."""
    with TemporaryDirectory() as folder, chromium.browser() as browser:
        browser.size(1180, 860)
        browser.media(scheme="light")
        browser.open(chromium.page(Path(folder), html.render(realistic_result())))
        browser.run("document.body.style.fontFamily = '\"Liberation Sans\"'")
        return browser.screenshot()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(take())
