"""The part of the policy file's grammar that is about deploying: what `verify` demands, for each environment."""

from modelseal.gate import patterns
from modelseal.gate.grammar import Demand, GroupsOf, Key, ListOf, Section
from modelseal.gate.grammar_types import Choice, Number, Text

_NAME = r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"
_SERVER = r"(https://[A-Za-z0-9.-]+(:[0-9]+)?/)?"
_REPOSITORY = Text(
    "repository", rf"^{_SERVER}{_NAME}$", "Write owner/name, or its URL where it is not on github.com.", 300
)
_WORKFLOW = Text(
    "workflow", rf"^{_SERVER}{_NAME}/\.github/workflows/[^@\s]+(@[^\s]+)?$",
    "Write owner/name/.github/workflows/file.yml, with @ref after it if that must match too.", 500,
)  # fmt: skip
_WORKFLOW_AT = Text(
    "workflow with its ref", rf"^{_SERVER}{_NAME}/\.github/workflows/[^@\s]+@refs/[^\s]+$",
    "Write owner/name/.github/workflows/file.yml@refs/heads/main: without a ref the file of any branch would do.", 500,
)  # fmt: skip
_REF = Text(
    "full git ref", r"^(?=refs/)" + patterns.GLOB.removeprefix("^"),
    "Write it in full: refs/heads/main; `*` stands for anything without a `/`: refs/tags/v*.", patterns.MAX_LENGTH,
)  # fmt: skip
_URL = Text(
    "https address", r"^https://[^\s]+$", "Write the address in full: https://token.actions.githubusercontent.com."
)
_EVENT = Text("name of an event", r"^[a-z_]+$", "Write it as GitHub does: push, release, workflow_dispatch.", 60)
_PATH = Text("path", r"^[^\s\0]([^\0\n\r\t]*[^\s\0])?$", "Write the path of the file, from where the station runs.")
_FILE_NAME = Text(
    "name of a file or folder", r"^[^\s\0]([^\0\n\r\t]*[^\s\0])?$", "Write it as it is below the model's folder."
)
_SUBJECT = Text("name of a signer", mend="Write it as the certificate has it.", limit=500)
_NUMBER = Number(1, 10**15)
_AGE = Text("duration", r"^[1-9][0-9]{0,5}[mhd]$", "Write minutes, hours or days: 90m, 48h, 7d.")
_STATEMENT = Text(
    "statement", r"^(provenance|spdx|cyclonedx|vulns|test-result|model-signature|verification-summary|https://[^\s]+)$",
    "Write provenance, spdx, cyclonedx, vulns, test-result, model-signature, verification-summary, or a predicate "
    "type's URI.", 300,
)  # fmt: skip
_ABOUT_THE_RUN = (
    "repository-id", "owner-id", "signer-workflow", "source-ref", "runner", "triggers", "verdict-workflow",
)  # fmt: skip
_ABOUT_SIGSTORE = ("issuer", "trust-config", "verdict-workflow")
_OWN = ("public-key", "certificate-root")
_VOUCHING = ("repository", "issuer", "certificate-root")
_SIGNERS = ("repository", "certificate-subject", *_OWN)

_ENVIRONMENT = Section(
    (
        Key("repository", _REPOSITORY, "The repository whose workflow must have signed.", "acme/fraud-model", "any"),
        Key("repository-id", _NUMBER, "Its number, which another repository of the same name never has.",
            "804070735", "any"),
        Key("owner-id", _NUMBER, "Its owner's number.", "16248153", "any"),
        Key("signer-workflow", _WORKFLOW, "The workflow file that must have signed, with `@ref` after it if that must "
            "match too.", "acme/fraud-model/.github/workflows/release.yml", "any"),
        Key("source-ref", _REF, "The git ref that must have been built; a pattern, see [patterns](#patterns).",
            '"refs/tags/v*"', "any", also=("ref",)),
        Key("issuer", _URL, "Who must have vouched for the workflow.",
            "https://token.actions.githubusercontent.com"),
        Key("runner", Choice(("github-hosted", "self-hosted"), "kind of runner"),
            "On whose machine the workflow must have run.", "github-hosted", "any", also=("runner-environment",)),
        Key("triggers", ListOf(_EVENT, 1, "Name an event, or take the line out."),
            "The events of which one must have started the run.", "[push, release]", "any", also=("events", "trigger")),
        Key("public-key", _PATH, "The public key that must have signed, instead of a workflow: the path of a PEM file.",
            "keys/release.pub", "none", also=("key",)),
        Key("certificate-root", _PATH, "The root certificates of your own authority, to which the signer's must lead: "
            "the path of a PEM file.", "keys/root.pem", "none"),
        Key("certificate-subject", _SUBJECT,
            "Whose certificate it must be: of your own authority its whole subject or one of its names; of a keyless "
            "signature, with `issuer`, the mail address or URI.", "release@acme.example",
            "any"),
        Key("trust-config", _PATH, "The root of trust that must be used: the path of a file.",
            ".github/trusted-root.json", "any", also=("trust-root", "trusted-root")),
        Key("require", ListOf(_STATEMENT, 1, "Name a statement, or take the line out."),
            "What must be attested, beside what the input `require` names: provenance, spdx, cyclonedx, vulns, "
            "test-result, model-signature, verification-summary, or predicate types' URIs.",
            "[provenance, vulns, spdx]", "[provenance]",
            also=("requires", "required", "predicates", "predicate-types")),
        Key("max-age", _AGE, "How old the newest verdict of each kind may be.", "7d", "any", also=("maximum-age",)),
        Key("verdict-workflow", _WORKFLOW_AT, "A second workflow file, with its ref: verdicts count that it signed "
            "for the repository, as those of a later scan, and nothing else that it signs.",
            "acme/fraud-model/.github/workflows/rescan.yml@refs/heads/main", "none", also=("rescan-workflow",)),
        Key("ignore", ListOf(_FILE_NAME, 1, "Name a file or folder, or take the line out."),
            "Names of files and folders, no patterns, that may be among the model's files unsigned.", "[.cache]",
            "none", also=("ignored", "unsigned")),
    ),
    (
        Demand("", lambda values: bool(set(_SIGNERS) & set(values)),
               {"anyOf": [{"required": [name]} for name in _SIGNERS]},
               "It does not say who must have signed, and anybody can sign.",
               "Add `repository`, `public-key` or `certificate-root`."),
        Demand("", lambda values: not {"public-key", "certificate-root"} <= set(values),
               {"not": {"required": ["public-key", "certificate-root"]}},
               "`public-key` and `certificate-root` are two ways to sign.", "Take one of them out."),
        Demand("", lambda values: "certificate-subject" not in values or bool(set(_VOUCHING) & set(values)),
               {"if": {"required": ["certificate-subject"]},
                "then": {"anyOf": [{"required": [name]} for name in _VOUCHING]}},
               "The name in a certificate means nothing without the one who vouched for it.",
               "Add `certificate-root` or `issuer`."),
        Demand("", lambda values: not {"public-key", "certificate-subject"} <= set(values),
               {"not": {"required": ["public-key", "certificate-subject"]}},
               "`certificate-subject` is about certificates, and `public-key` is used without any.",
               "Take one of them out."),
        Demand("", lambda values: "repository" in values or not set(_ABOUT_THE_RUN) & set(values),
               {"anyOf": [{"required": ["repository"]},
                          {"not": {"anyOf": [{"required": [name]} for name in _ABOUT_THE_RUN]}}]},
               "It asks for details of a run, but not of which repository.", "Add `repository`."),
        Demand("", lambda values: not set(_OWN) & set(values) or not set(_ABOUT_SIGSTORE) & set(values),
               {"not": {"allOf": [{"anyOf": [{"required": [name]} for name in names]}
                                  for names in (_OWN, _ABOUT_SIGSTORE)]}},
               "`issuer`, `trust-config` and `verdict-workflow` are about keyless signatures.",
               "Take them out, or `public-key` and `certificate-root`."),
    ),
)  # fmt: skip

DEPLOYMENTS = Key(
    "verify", GroupsOf(_ENVIRONMENT, "environment", "{production: {repository: acme/fraud-model}}"),
    "What must be proved of a release before it is deployed, for each environment; the input `environment` of "
    "`verify` names one.",
    "{production: {repository: acme/fraud-model, require: [provenance, vulns], max-age: 7d}}",
    also=("verification", "deploy", "deployment", "environments"),
)  # fmt: skip
