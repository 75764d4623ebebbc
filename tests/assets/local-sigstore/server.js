// A Sigstore of our own on loopback, for tests: the certificate authority, certificate log and transparency log of the
// sigstore-js project (@sigstore/mock) behind HTTP, and a token endpoint shaped like GitHub's.
//
//   npm ci && node server.js PORT FOLDER        (port 0: any free one)
//
// writes FOLDER/client-trust-config.json (for signing) and FOLDER/trusted-root.jsonl (for verifying), prints its address
// as the first line, and answers
//   GET  /oidc?audience=A&claims=C  -> {"value": "<token>"}, as ACTIONS_ID_TOKEN_REQUEST_URL does
//   GET  /.well-known/openid-configuration, which some clients ask for though they have a token already
//   POST /api/v2/signingCert        -> a certificate that carries the token's claims
//   POST /api/v1/log/entries        -> a log entry with a signed timestamp and an inclusion proof
// and for a second instance without a log (unlogged.js), of which unlogged-trust-config.json and
// unlogged-trusted-root.jsonl tell,
//   POST /unlogged/api/v2/signingCert, /unlogged/api/v1/timestamp
// The claims are those of a push to octo/model. LOCAL_SIGSTORE_CLAIMS (JSON) overrides them for the whole server, `claims`
// (JSON in base64url) for one token.
'use strict';
const http = require('node:http');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const sigstore = require('@sigstore/mock');
const unlogged = require('./unlogged.js');

const SINCE = { start: '2020-01-01T00:00:00Z' };
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const sha256 = (data) => crypto.createHash('sha256').update(data);
const keyPair = () => crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function claims(audience, overrides) {
  const now = Math.floor(Date.now() / 1000);
  const workflow = 'octo/model/.github/workflows/release.yml@refs/heads/main';
  const made = {
    iss: 'https://token.actions.githubusercontent.com', aud: audience, iat: now, nbf: now - 5, exp: now + 600,
    repository: 'octo/model', repository_owner: 'octo', repository_id: '1', repository_owner_id: '2',
    repository_visibility: 'public', ref: 'refs/heads/main', sha: 'a'.repeat(40), event_name: 'push',
    workflow: 'release', workflow_ref: workflow, workflow_sha: 'a'.repeat(40),
    job_workflow_ref: workflow, job_workflow_sha: 'a'.repeat(40),
    runner_environment: 'github-hosted', run_id: '1', run_attempt: '1', server_url: 'https://github.com',
    ...JSON.parse(process.env.LOCAL_SIGSTORE_CLAIMS || '{}'), ...overrides,
  };
  // The real authority names the signer by the workflow that holds the job; the mock takes the token's subject.
  return { sub: `${made.server_url}/${made.job_workflow_ref}`, ...made };
}

// The mock does not check the token's signature, so any third part will do.
function token(audience, overrides) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims(audience, overrides))}.c2lnbmF0dXJl`;
}

// sigstore-python sends the token as a bearer header and the request as base64 of PEM; the mock wants both in the body.
function adaptSigningRequest(body, headers) {
  const request = JSON.parse(body);
  if (!request.credentials) {
    request.credentials = { oidcIdentityToken: (headers.authorization || '').replace(/^Bearer /, '') };
    request.certificateSigningRequest = Buffer.from(request.certificateSigningRequest, 'base64').toString();
  } else if (request.certificateSigningRequest) {
    request.certificateSigningRequest = Buffer.from(request.certificateSigningRequest, 'base64').toString();
  }
  return Buffer.from(JSON.stringify(request));
}

// The real log stores an attestation by its hashes; the mock would log the proposal as it came.
function adaptLogEntry(body) {
  const entry = JSON.parse(body);
  if (entry.kind === 'dsse' && entry.spec.proposedContent) {
    const { envelope, verifiers } = entry.spec.proposedContent;
    const { payload, signatures } = JSON.parse(envelope);
    const hash = (data) => ({ algorithm: 'sha256', value: sha256(data).digest('hex') });
    entry.spec = {
      envelopeHash: hash(envelope), payloadHash: hash(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }, index) => ({ signature: sig, verifier: verifiers[index] })),
    };
  }
  return Buffer.from(JSON.stringify(entry));
}

function trustedRoot(base, ca, certificateLog, log) {
  const instance = (publicKey, keyId) => ({
    baseUrl: base, hashAlgorithm: 'SHA2_256', logId: { keyId: base64(keyId) },
    publicKey: { rawBytes: base64(publicKey), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: SINCE },
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [instance(log.publicKey, sha256(log.publicKey).digest())],
    certificateAuthorities: [{
      subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: base, validFor: SINCE,
      certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
    }],
    ctlogs: [instance(certificateLog.publicKey, certificateLog.logID)],
    timestampAuthorities: [],
  };
}

function clientTrustConfig(base, root) {
  const service = { url: base, majorApiVersion: 1, validFor: SINCE, operator: 'local' };
  return {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: root,
    signingConfig: {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service], oidcUrls: [service], rekorTlogUrls: [service], rekorTlogConfig: { selector: 'ANY' },
      tsaUrls: [],
    },
  };
}

function jsonAnswer(value) {
  return { statusCode: 200, contentType: 'application/json', response: JSON.stringify(value) };
}

function discoveryAnswer(base) {
  return jsonAnswer({ issuer: base, authorization_endpoint: `${base}/auth`, token_endpoint: `${base}/token` });
}

function tokenAnswer(url) {
  const overrides = JSON.parse(Buffer.from(url.searchParams.get('claims') || '', 'base64url').toString() || '{}');
  return jsonAnswer({ value: token(url.searchParams.get('audience') || 'sigstore', overrides) });
}

async function main(port, folder) {
  const server = http.createServer();
  await new Promise((listening) => server.listen(port, '127.0.0.1', listening));
  const base = `http://127.0.0.1:${server.address().port}`;

  const certificateLog = await sigstore.initializeCTLog(keyPair());
  const ca = await sigstore.initializeCA(keyPair(), certificateLog);
  const log = await sigstore.initializeTLog(base, keyPair());
  const fulcio = sigstore.fulcioHandler(ca, { strict: true });
  const rekor = sigstore.rekorHandler(log, { strict: true });

  const root = trustedRoot(base, ca, certificateLog, log);
  const write = (name, value, indent) =>
    fs.writeFileSync(path.join(folder, name), JSON.stringify(value, null, indent) + '\n');
  fs.mkdirSync(folder, { recursive: true });
  write('client-trust-config.json', clientTrustConfig(base, root), 2);
  write('trusted-root.jsonl', root);
  const second = await unlogged.start(base, keyPair);
  write('unlogged-trust-config.json', second.files.config, 2);
  write('unlogged-trusted-root.jsonl', second.files.root);

  const answer = async (request, body) => {
    const url = new URL(request.url, base);
    if (url.pathname === '/oidc') return tokenAnswer(url);
    if (url.pathname === '/.well-known/openid-configuration') return discoveryAnswer(base);
    if (url.pathname === fulcio.path) return fulcio.fn(adaptSigningRequest(body, request.headers));
    if (second.answers[url.pathname]) {
      return second.answers[url.pathname](body, (asked) => adaptSigningRequest(asked, request.headers));
    }
    if (url.pathname === rekor.path) return rekor.fn(adaptLogEntry(body));
    return { statusCode: 404, response: `no such endpoint: ${url.pathname}` };
  };
  server.on('request', (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const refused = (error) => ({ statusCode: 400, response: error.message });
      const result = await answer(request, Buffer.concat(chunks)).catch(refused);
      response.writeHead(result.statusCode, { 'content-type': result.contentType || 'text/plain' });
      response.end(result.response);
    });
  });
  console.log(base);
}

main(Number(process.argv[2] || 0), process.argv[3] || '.');
