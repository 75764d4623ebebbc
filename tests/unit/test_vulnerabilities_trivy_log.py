"""Lines as Trivy 0.74.0 printed them for broken images."""

import pytest

from modelseal.vulnerabilities import trivy_log

TIME = "2026-11-22T22:38:19Z"
CLEAN = tuple(
    f"{TIME}\t{rest}"
    for rest in (
        "INFO\t[image] Container image config scanners\tscanners=[misconfig secret]",
        "INFO\t[vuln] Vulnerability scanning is enabled",
        "INFO\t[misconfig] Misconfiguration scanning is enabled",
        'ERROR\t[misconfig] Falling back to embedded checks\terr="failed to check cache: \\"/x\\""',
        "INFO\t[secret] Secret scanning is enabled",
        "INFO\t[license] License scanning is enabled",
        "DEBUG\t[image] Detected base layers\tdiff_ids=[]",
        'DEBUG\t[dpkg] Unable to parse the available file\tfile_path="var/lib/dpkg/available" err="file open error"',
        'DEBUG\t[python] MIME protocol error\terr="malformed MIME header: missing colon: \\"garbage\\""',
        'WARN\t[python] Unable to collect additional info\terr="unable to open license file"',
        'WARN\t[secret] The size of the scanned file is too large. It is recommended'
        ' to use `--skip-files` for this file.\tfile_path="srv/big.txt" size (MB)=200',
        "WARN\tUsing severities from other vendors for some vulnerabilities. Read https://trivy.dev/x for details.",
        'WARN\tThis OS version is no longer supported by the distribution\tfamily="alpine" version="3.20.1"',
        'DEBUG\t[jar] No such POM in the central repositories\tfile="error-prone-annotation.jar"',
        'DEBUG\tSpecified ignore file does not exist\tfile=".trivyignore"',
    )
)  # fmt: skip


def test_a_clean_scan_has_no_gaps_and_no_complaints() -> None:
    assert trivy_log.gaps(CLEAN) == ()
    assert trivy_log.complaints(CLEAN) == ""
    assert trivy_log.unknown_system(CLEAN) == ""
    assert trivy_log.missing_scanners(CLEAN, ("vuln", "secret", "misconfig", "license")) == ()
    assert trivy_log.base_layers(CLEAN) == ()


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('WARN\t[dpkg] Parse error\tfile_path="var/lib/dpkg/status" err="malformed MIME header line: \\"Version\\""',
         "var/lib/dpkg/status"),
        ('WARN\t[dpkg] Invalid version\tOS="debian" package="zlib1g" version="!!bad!!"', "var/lib/dpkg/status"),
        ('WARN\t[dpkg] Invalid source version\tOS="debian" package="perl" version="!!"', "var/lib/dpkg/status"),
        ('WARN\t[apk] Invalid version found\tname="musl" version="!!bad!!"', "lib/apk/db/installed"),
        ('DEBUG\t[analyzer] Analysis error\terr="failed to parse rpmdb: failed to open: unexpected"', "var/lib/rpm"),
        ('DEBUG\t[analyzer] Analysis error\terr="unable to open `.egg` archive: zip reader error"', ""),
        ('DEBUG\t[analyzer] Analysis error\terr="failed to parse srv/x/package.json: failed to'
         ' parse srv/x/package.json: JSON decode error: unexpected EOF"', "srv/x/package.json"),
        ('DEBUG\t[analyzer] Analysis error\terr=".Net Core dependencies analysis error: failed to parse '
         'srv/x.deps.json: failed"', "srv/x.deps.json"),
        ('DEBUG\tWalk error\tfile_path="srv/x.jar" err="failed to parse srv/x.jar: zip error"',
         "srv/x.jar"),
        ('DEBUG\tWalk error\tfile_path="srv/a \\"b\\"\\n\\u202e/x.jar" err="x"', 'srv/a "b"\n\u202e/x.jar'),
        ('WARN\tVersion matching error\terr="python version error (2004d): malformed version: 2004d"', ""),
        ('WARN\t[something] Never seen before\tfile_path="a/b" err="x"', "a/b"),
        ('DEBUG\tPermission error\tfile_path="a/b"', "a/b"),
    ],
)  # fmt: skip
def test_what_could_not_be_read(line: str, path: str) -> None:
    (gap,) = trivy_log.gaps([*CLEAN, f"{TIME}\t{line}", f"{TIME}\t{line}"])
    assert gap.path == path
    assert str(gap).startswith(path)
    assert not trivy_log.is_noise(f"{TIME}\t{line}")


def test_a_files_name_cannot_make_a_line_harmless() -> None:
    line = f'{TIME}\tDEBUG\tWalk error\tfile_path="x\\tDEBUG\\t[secret] [python] Unable to collect" err="[secret]"'
    assert trivy_log.gaps([line])
    assert not trivy_log.is_noise(line)
    raw = f'{TIME}\tDEBUG\tWalk error\tfile_path="x\tDEBUG\t[secret] y" err="z"'
    assert trivy_log.gaps([raw])
    assert not trivy_log.is_noise(raw)


@pytest.mark.parametrize("line", ["", "x", "\t", "\t\t", "a\tDEBUG", "a\tDEBUG\t", "\x00", "a\tWARN\terr="])
def test_lines_of_another_shape_are_read(line: str) -> None:
    assert trivy_log.gaps([line]) in ((), (trivy_log.Gap("", "err="),))
    assert trivy_log.complaints([line]) == ""
    assert not trivy_log.is_noise(line)


def test_the_many_lines_of_the_secret_scanner_are_noise() -> None:
    assert trivy_log.is_noise(f'{TIME}\tDEBUG\t[secret] scanChunk called\tfile_path="/srv/c" content_len=41')
    assert not trivy_log.is_noise(f"{TIME}\tINFO\t[secret] Secret scanning is enabled")
    assert trivy_log.is_detail(f"{TIME}\tDEBUG\tCache dir")
    assert not trivy_log.is_detail(f"{TIME}\tINFO\tDetected OS")


def test_an_error_is_told_without_go_s_stack() -> None:
    told = trivy_log.complaints([
        *CLEAN, f"{TIME}\tFATAL\tFatal error", "  - run error:",
        "    github.com/aquasecurity/trivy/pkg/commands/artifact.Run",
        "        /builds/trivy/pkg/commands/artifact/run.go:411", "  - no space left on device", "",
    ])  # fmt: skip
    assert told.endswith("Fatal error - run error: - no space left on device")


@pytest.mark.parametrize(
    "line",
    [
        'WARN\tThis OS version is not on the EOL list\tfamily="debian" version="99"',
        "WARN\t[debian] This OS version is not on the EOL list: debian 99",
        'WARN\tUnsupported os\tfamily="none"',
    ],
)
def test_unknown_systems(line: str) -> None:
    assert trivy_log.unknown_system([*CLEAN, f"{TIME}\t{line}"])


def test_a_scanner_that_does_not_say_that_it_is_at_work() -> None:
    assert trivy_log.missing_scanners(CLEAN[:2], ("vuln", "secret")) == ("secret",)
    assert trivy_log.missing_scanners((), ("vuln",)) == ("vuln",)


def test_layers_where_no_secrets_were_looked_for() -> None:
    ids = [f"sha256:{digit * 64}" for digit in "ab"]
    line = f"{TIME}\tDEBUG\t[image] Detected base layers\tdiff_ids=[{' '.join(ids)}]"
    assert trivy_log.base_layers([*CLEAN[:3], line]) == tuple(ids)
