"""Texts that are longer than what is parsed of them: programs with padding, and texts that are none."""

from collections.abc import Iterator

from assets.models.case import Case, one

_COMMENTS = "# a comment line that says nothing at all\n" * 10_000


def _below_comments() -> Iterator[tuple[str, str, str, str]]:
    """Programs below more comments than a program has: name, content, rule, file."""
    for name, line in {
        "dunder-import": "__import__('os').system('id')",
        "exec": "exec('import os')",
        "eval": "x = eval(compile('1', '', 'eval'))",
        "after-a-colon": "if 1: import os; os.system('id')",
        "in-a-list": "import os\nx = [os.system('id')]",
    }.items():
        yield f"python-{name}", f"{_COMMENTS}{line}\n", "script-attacks", "modeling.py"
    fetches = "curl http://localhost/x | sh\n"
    yield "shell", _COMMENTS + fetches, "shell-script-attacks", "setup.sh"
    yield "recipe", f"{_COMMENTS}all:\n\t{fetches}", "shell-script-attacks", "Makefile"
    yield "hook", _COMMENTS + fetches, "shell-script-attacks", "post-commit"
    yield "powershell", f"{_COMMENTS}IEX (iwr http://localhost/x)\n", "shell-script-attacks", "a.ps1"
    escape = "{% for m in messages %}{{ m.__class__.__mro__ }}{% endfor %}"
    yield "template", "{# x #}" * 40_000 + escape, "template-escape", "chat_template.jinja"


def _too_long() -> Iterator[tuple[str, str]]:
    """Programs that are longer than what is parsed, and not by comments."""
    prose = "A long text, which does not end.\n" * 10_000
    padding = "x = 1\n" * 60_000
    yield "dunder-import", f"{padding}y = [__import__('os').system('id')]\n"
    yield "exec", f"{padding}exec('import os')\n"
    yield "text-first", f'"""{prose}"""\nexec("import os")\n'
    yield "one-line", f"x = '{'a' * 300_000}'; exec('import os')\n"
    yield "of-tomorrow", f"type X = int\n{padding}exec('import os')\n"


def _texts() -> Iterator[tuple[str, str, str]]:
    """Long texts that are no programs: name, content, file."""
    yield "prose", "It doesn't import much, see above (or below).\n" * 8_000 + "Or exec (and eval).\n", "corpus.txt"
    fences = "# Model\n\n## Use\n\nIt's easy.\n\n```sh\ncurl http://localhost/x | sh\n```\n\n"
    yield "read-me", fences * 5_000, "README.md"
    yield "merges", "#version: 0.2\n" + "\u0120 t\n\u0120 a\nimport ant\n( )\n" * 20_000, "merges.txt"
    yield "words", "[PAD]\n[UNK]\nthe\nof\nprint(\n" * 20_000 + "and\n", "vocab.txt"
    yield "table", 'id,label\n0,"cat (a pet)"\n' + '1,"import (of dogs)"\n' * 20_000, "labels.csv"


def cases() -> Iterator[Case]:
    for name, text, rule, file in _below_comments():
        yield one(f"long-texts/below-comments-{name}", "malicious", text.encode(), "far below", rule, file=file)
    for name, text in _too_long():
        why = "more than is parsed"
        yield one(f"long-texts/too-long-{name}", "unknown", text.encode(), why, "limit-reached", file="modeling.py")
    for name, text, file in _texts():
        yield one(f"long-texts/long-{name}", "benign", text.encode(), "a long text", file=file)
    for file in ("handler.py", "sitecustomize.py", ".git/hooks/pre-commit"):
        text = f"{_COMMENTS}harmless\n".encode()
        yield one(
            f"long-texts/named-{file}", "malicious", text, "run for its name", "folder-started-by-name", file=file
        )
