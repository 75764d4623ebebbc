"""The chain: every station, on one image, saved once. What the root action runs.

The model is hashed and looked into while the image is built; then the image is scanned and its SBOMs are made, at the
same time. What fails then stops it before anything is signed.
"""

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from modelseal import process, station, tools
from modelseal.artifacts import naming, patterns
from modelseal.attestation import signing, store, storing
from modelseal.audit import recording
from modelseal.chain_interface import STATION, Inputs, Outputs
from modelseal.commands import attest, build_image, generate_sbom, hash_artifacts, scan_image, scan_model, verify
from modelseal.errors import InputError
from modelseal.image import archive, docker
from modelseal.report import files, markdown
from modelseal.sbom import validation
from modelseal.station import Context, Outcome
from modelseal.verdict import Annotation, ExitCode

__all__ = ["STATION", "Inputs", "Outputs", "prepare", "run", "side_by_side"]

logger = logging.getLogger(__name__)

_ANNOTATIONS = 9  # the runner shows ten of a step, one of which is the headline
_SIGNED_WITH = ("sign", "private_key", "private_key_password", "trust_config", "store", "github_token", "audit_log")
_NO_DIGEST = "sha256:" + "0" * 64  # for checking inputs before there is an image


def run(inputs: Inputs, context: Context) -> Outcome:
    """Run the chain.

    Raises:
        ModelsealError: Whatever a station raises; nothing after it is run.
    """
    _discard_earlier(inputs, context.output_dir)
    if storing.OCI in inputs.store and not inputs.push:
        raise InputError(
            "`store: oci` attaches statements to the image in its registry, and it is not pushed there.",
            mend="Set `push: true`, or leave `oci` out of `store`.",
        )
    scan_image.check(_scan_inputs(inputs, ""))
    if inputs.models:
        scan_model.check(_model_inputs(inputs, ""))
    to_be_signed = Outputs(
        image=inputs.image.text, digest=_NO_DIGEST, manifest=_model_name(inputs) * bool(inputs.models)
    )
    attest.check(_attest_inputs(inputs, to_be_signed), context)
    recording.check(inputs.audit_log)
    trusted = _trusted(inputs, to_be_signed, context)
    built, model, _ = _together(
        partial(_station, "build-image", build_image.run, _build_inputs(inputs), context),
        partial(_look_into_model, inputs, context),
        partial(prepare, inputs, context),
    )
    scan, sbom = side_by_side(inputs, built.outputs, context)
    gates = [scan, model.scan] if model else [scan]
    outputs = _outputs(built.outputs, sbom.outputs, scan.outputs, model)
    done = [built, sbom, scan, *((model.hashes, model.scan) if model else ())]
    if failed := [gate for gate in gates if gate.exit_code is not ExitCode.PASSED]:
        return _stopped(failed, done, outputs)
    if inputs.push:
        client = docker.find(context.environ, to_build=False)
        names = archive.read(Path(outputs.archive)).engine_ids
        digest = docker.push(client, inputs.image.exact, inputs.image.repository, expected=names)
        outputs = replace(outputs, digest=digest)
    attested = _station("attest", attest.run, _attest_inputs(inputs, outputs), context)
    own = {item.name for item in fields(Outputs)} & {item.name for item in fields(attest.Outputs)}
    outputs = replace(outputs, **{name: getattr(attested.outputs, name) for name in own})
    verified = _station("verify", verify.run, _verify_inputs(inputs, outputs, trusted), context)
    outputs = replace(outputs, verification=verified.outputs.verdict)
    headline = f"{outputs.image} is built, inventoried, gated, attested and verified"
    if verified.exit_code is not ExitCode.PASSED:
        headline = verified.headline
    whole = _summary([*done, attested, verified], headline)
    return Outcome(verified.exit_code, outputs, whole, headline, _annotations([attested, *gates]))


def _stopped(failed: list[Outcome], done: list[Outcome], outputs: Outputs) -> Outcome:
    """Return how it ends where gates let something not through: each of them is heard."""
    headline = "; ".join(gate.headline for gate in failed)
    return Outcome(failed[0].exit_code, outputs, _summary(done, headline), headline, _annotations(failed))


def _annotations(outcomes: list[Outcome]) -> tuple[Annotation, ...]:
    """Take from each in turn, so that none has all the room."""
    rows = zip_longest(*(outcome.annotations for outcome in outcomes))
    return tuple(item for row in rows for item in row if item is not None)[:_ANNOTATIONS]


def _discard_earlier(inputs: Inputs, folder: Path) -> None:
    """Remove what an earlier run concluded: wherever this one stops, nobody may take that for its result."""
    name = inputs.image.file_name
    written = [*(f"{name}.{ending}" for ending in ("tar", "spdx.json", "cdx.json")), *verify.STATION.conclusions]
    written += hash_artifacts.written(_model_name(inputs)) if inputs.models else ()
    recording.refuse_among((folder / file for file in written), inputs.audit_log)
    store.discard(folder / attest.BUNDLES)
    files.discard(folder, name)
    if inputs.models:
        scan_model.discard(folder, _model_name(inputs))
    for file in written:
        (folder / file).unlink(missing_ok=True)


def prepare(inputs: Inputs, context: Context) -> None:
    """Fetch the tools and import what checks the SBOMs, while the image is being built.

    Raises:
        ToolError: A tool cannot be had.
    """
    for name in ("syft", "trivy"):
        tools.provide(name, "", tools_dir=inputs.tools_dir, environ=context.environ)
    validation.preload()


@dataclass(frozen=True)
class Model:
    """What came of the model: its hashes, and what was found in its files."""

    hashes: Outcome
    scan: Outcome


def side_by_side(inputs: Inputs, built: build_image.Outputs, context: Context) -> tuple[Outcome, Outcome]:
    """Scan the image and make its SBOMs, at the same time."""
    scan, sbom = _together(
        partial(_station, "scan-image", scan_image.run, _scan_inputs(inputs, built.archive), context),
        partial(_station, "generate-sbom", generate_sbom.run, _sbom_inputs(inputs, built), context),
    )
    return scan, sbom


def _look_into_model(inputs: Inputs, context: Context) -> Model | None:
    """Hash the model's files, then look into those same bytes."""
    if not inputs.models:
        return None
    texts = {"paths": "\n".join(inputs.models), "name": _model_name(inputs)}
    hashing = station.read_inputs(hash_artifacts.Inputs, texts)
    hashes = _station("hash-artifacts", hash_artifacts.run, hashing, context)
    looking = _model_inputs(inputs, hashes.outputs.manifest)
    return Model(hashes, _station("scan-model", scan_model.run, looking, context))


def _together(*tasks: Callable[[], Any]) -> list[Any]:
    """Do several things at the same time, and return what came of each; if one fails, the others are for nothing."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        running = [pool.submit(task) for task in tasks]
        for finished in as_completed(running):
            if error := finished.exception():
                process.terminate_all()
                raise error
    return [task.result() for task in running]


def _station(name: str, run_: Callable[[Any, Context], Outcome], inputs: object, context: Context) -> Outcome:
    """Run one station with a private folder of its own."""
    logger.info("── %s", name)
    folder = context.temp_dir / name
    folder.mkdir()
    return run_(inputs, replace(context, temp_dir=folder))


def _build_inputs(inputs: Inputs) -> build_image.Inputs:
    defaults = station.read_inputs(build_image.Inputs, {"image": inputs.image.text})
    return replace(
        defaults, context=inputs.context, file=inputs.file, build_args=inputs.build_args, pull=inputs.pull, push=False
    )


def _sbom_inputs(inputs: Inputs, built: build_image.Outputs) -> generate_sbom.Inputs:
    defaults = station.read_inputs(generate_sbom.Inputs, {"image": inputs.image.text, "archive": built.archive})
    return replace(defaults, tools_dir=inputs.tools_dir)


def _scan_inputs(inputs: Inputs, archive: str) -> scan_image.Inputs:
    own = {item.name for item in fields(Inputs)} & {item.name for item in fields(scan_image.Inputs)} - {"image"}
    return replace(
        station.read_inputs(scan_image.Inputs, {"image": inputs.image.text, "archive": archive}),
        **{name: getattr(inputs, name) for name in own},
        location=_dockerfile(inputs),
    )


def _model_inputs(inputs: Inputs, manifest: str) -> scan_model.Inputs:
    texts = {"paths": "\n".join(inputs.models), "manifest": manifest, "name": _model_name(inputs)}
    own = ("policy", "matrix", "upload_sarif", "github_token")
    return replace(station.read_inputs(scan_model.Inputs, texts), **{name: getattr(inputs, name) for name in own})


def _model_name(inputs: Inputs) -> str:
    """Return what the model's files are called: after its folder or file, but never as the image's."""
    single = len(inputs.models) == 1 and not patterns.has_magic(inputs.models[0])
    own = Path(os.path.abspath(inputs.models[0] if single else "."))  # noqa: PTH100 # a link keeps its name
    name = naming.sanitised(own.name)
    # `attest` calls the image's statements `image`; some file systems do not tell large letters from small ones.
    return f"{name}-model" if name.lower() in (inputs.image.file_name.lower(), "image") else name


def _dockerfile(inputs: Inputs) -> str:
    """Return the file at which code scanning shows what is in the image, as far as it lies in the repository."""
    file = inputs.file or (inputs.context or Path()) / "Dockerfile"
    path = Path(os.path.relpath(file))
    return "Dockerfile" if path.is_absolute() or ".." in path.parts else path.as_posix()


def _attest_inputs(inputs: Inputs, outputs: Outputs) -> attest.Inputs:
    texts = {"image": outputs.image, "digest": outputs.digest or outputs.image_id, "image-id": outputs.image_id}
    return replace(
        station.read_inputs(attest.Inputs, texts),
        manifest=Path(outputs.manifest) if outputs.manifest else None,
        archive=Path(outputs.archive) if outputs.archive else None,
        sbom=tuple(filter(None, (outputs.spdx, outputs.cyclonedx))),
        verdicts=tuple(filter(None, (outputs.verdict, outputs.model_verdict))),
        **{name: getattr(inputs, name) for name in _SIGNED_WITH},
    )


def _trusted(inputs: Inputs, outputs: Outputs, context: Context) -> dict[str, str]:
    """Return whom `verify` is to believe: the workflow that this job's token names, or the key's public half."""
    if inputs.sign == signing.KEY:
        public_key = context.temp_dir / "public-key.pem"
        public_key.write_bytes(attest.public_key_pem(_attest_inputs(inputs, outputs), context))
        return {"public-key": str(public_key)}
    run = signing.workflow(context.environ, context.mask)
    if run is None:
        raise InputError(
            "The identity token is not a workflow's, and the chain verifies by the workflow what it signed.",
            mend="Run the stations one by one, and `verify` with `certificate-subject` and `issuer`.",
        )
    # A reusable workflow signs in its own name, and it can be another repository's.
    return {"repository": run.repository, "source-digest": run.sha, "signer-workflow": run.job_workflow_ref}


def _verify_inputs(inputs: Inputs, outputs: Outputs, trusted: Mapping[str, str]) -> verify.Inputs:
    """Verify as a deployment would."""
    texts = {
        "paths": "\n".join(inputs.models),
        "image": outputs.image,
        "digest": outputs.digest or outputs.image_id,
        "sbom": "\n".join(filter(None, (outputs.spdx, outputs.cyclonedx))),
        "bundles": outputs.bundles,
        "require": "provenance,spdx,cyclonedx,vulns" + ",test-result" * bool(inputs.models),
        "trust-config": str(inputs.trust_config or ""),
        "audit-log": str(inputs.audit_log or ""),
    }
    return station.read_inputs(verify.Inputs, {**texts, **trusted})


def _outputs(
    built: build_image.Outputs, sbom: generate_sbom.Outputs, scan: scan_image.Outputs, model: Model | None
) -> Outputs:
    hashes = model.hashes.outputs if model else hash_artifacts.Outputs()
    found = model.scan.outputs if model else scan_model.Outputs()
    return Outputs(
        image=built.image,
        image_id=built.image_id,
        archive=built.archive,
        spdx=sbom.spdx,
        cyclonedx=sbom.cyclonedx,
        verdict=scan.verdict,
        report=scan.report,
        sarif=scan.sarif,
        table=scan.table,
        html=scan.html,
        failing_count=str(int(scan.failing_count) + int(found.failing_count or 0)),
        model_verdict=found.verdict,
        model_sarif=found.sarif,
        model_html=found.html,
        manifest=hashes.manifest,
        checksums=hashes.checksums,
    )


def _summary(outcomes: list[Outcome], headline: str) -> str:
    mark = "✅" if all(outcome.exit_code is ExitCode.PASSED for outcome in outcomes) else "❌"
    return "\n".join([f"## {mark} {markdown.escape(headline)}\n", *(outcome.summary for outcome in outcomes)])
