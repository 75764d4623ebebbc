"""Judge scripts of shells by what their lines say: they are not parsed, and none belongs beside a model."""

import re
from collections.abc import Iterator
from itertools import chain

from modelseal.gate.finding import Severity
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule

ATTACKS = Rule(
    id="shell-script-attacks",
    title="A shell script beside the model that fetches and runs, connects, or hides",
    severity=Severity.HIGH,
    happens="Whoever starts the script, or a hook that does, runs what is fetched from elsewhere or gives the machine "
    "away.",
    remedy="Do not run it. Take it out of the model's folder.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-506", "CWE-78", "CWE-494"),
)
BESIDE = Rule(
    id="shell-script",
    title="A shell script beside the model",
    severity=Severity.MEDIUM,
    happens="It runs where someone starts it. No framework needs one to load a model.",
    remedy="Read it, and keep it in a repository of code.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-829",),
)
_FETCHED = (
    r"(?:curl|wget|fetch)\b[^\n]{0,4000}\|\s*(?:sudo\s+)?(?:\w*/)*(?:ba|z|da|k)?sh\b"
    r"|(?:curl|wget)\b[^\n]{0,4000}\|\s*(?:sudo\s+)?python|/dev/(?:tcp|udp)/|\biex\b|downloadstring|downloadfile"
)
_FETCHES = re.compile(f"(?i){_FETCHED}")
_ATTACKS = re.compile(
    rf"(?i){_FETCHED}"
    r"|\b(?:nc|ncat|netcat)\b[^\n]{0,80}\s-\w*[ec]\b|\bbash\s+-i\b|\bmkfifo\b"
    r"|base64\s+(?:-d|-D|--decode)[^\n]{0,200}\||\beval\s+[\"'`$(]|authorized_keys|\bcrontab\b|/etc/(?:passwd|shadow|sudoers|cron)"
    r"|rm\s+-rf\s+(?:--\S+\s+)*[\"']?(?:[/~](?:\s|$|\*)|~/|/(?:home|etc|usr|boot|root|bin|lib|opt)\b|\$\{?HOME)|\bpython[\d.]*\s+-c\b|\bperl\s+-e\b|\bchmod\s+\+x\b|:\(\)\s*\{|\bid_rsa\b|\.aws/credentials"
    r"|-e(?:nc|ncodedcommand)?\s+[A-Za-z0-9+/=]{20}|invoke-expression|frombase64string"
    r"|certutil\b[^\n]{0,80}-(?:urlcache|decode)|\bmshta\b|\bregsvr32\b|\brundll32\b|\bschtasks\b|\bbitsadmin\b|start-process"
    r"|reg\s+add\b[^\n]{0,200}\\run\b|invoke-webrequest[^\n]{0,200}(?:;|\|)|set-executionpolicy|\bcreateobject\s*\(|windowstyle\s+hidden"
)
_SHELLS = re.compile(r"#!\s*\S*?(?:env\s+(?:-S\s*)?)?(?:\w*/)*(?:ba|da|z|k|c|tc|fi|a)?sh\b")
# What runs commands in Perl, Ruby, Node, PHP, Lua, R and the like.
_RUNS = re.compile(
    r"\b(?:system|exec|popen|passthru|shell_exec|proc_open|spawn|syscall)2?\s*\(?\s*[\"'`$]|`[^`\n]+`|\bqx\W|%x\W|child_process"
    r"|\bos\.execute\b|\bio\.popen\b|\beval\s*\(|Open3|Kernel\.(?:system|exec|spawn)"
)
_REPORTED = 20


def fetches(text: str) -> bool:
    """Tell whether a command runs what it fetches, or connects a shell to another machine."""
    return bool(_FETCHES.search(text))


def attacks(text: str) -> bool:
    """Tell whether a line of a text would do what no script for models has to do."""
    return bool(_ATTACKS.search(text))


def judge(text: str, *, beside: bool = False) -> Iterator[Event]:
    """Tell what lines of a script would do.

    Args:
        text: The script, or lines of one.
        beside: Whether a script that does nothing of the kind is reported, too.
    """
    found = 0
    other = text.startswith("#!") and not _SHELLS.match(text)
    for match in chain(_ATTACKS.finditer(text), _RUNS.finditer(text) if other else ()):
        if found == _REPORTED:
            break
        found += 1
        line = text.count("\n", 0, match.start()) + 1
        yield Found(ATTACKS, f"line {line} says {match[0][:100]!r}", evidence=match[0][:300])
    if beside and not found:
        yield Found(BESIDE, "it is a shell script", evidence=text[:200])
