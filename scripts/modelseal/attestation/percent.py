"""Text within URIs."""

import urllib.parse


def quoted(text: str, safe: str = "") -> str:
    """Percent-encode whatever text there is: also a lone surrogate, which JSON and names of files can have in them."""
    return urllib.parse.quote(text, safe=safe, errors="surrogatepass")
