// A second Sigstore, shaped like GitHub's own for private repositories: a certificate authority without a certificate
// log, and a timestamp authority in place of a transparency log. Timestamps are OpenSSL's.
'use strict';
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const sigstore = require('@sigstore/mock');

const SINCE = { start: '2020-01-01T00:00:00Z' };
const STAMPS = '/unlogged/api/v1/timestamp';
const CERTIFICATES = '/unlogged/api/v2/signingCert';
const CONFIG = `[tsa]
default_tsa = local
[local]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`;
const pem = (der) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

// Answers time-stamp queries (RFC 3161) with the authority's certificate and key.
function stamping(tsa, keyPair) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'local-tsa-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (name, content) => fs.writeFileSync(path.join(folder, name), content);
  write('tsa.cnf', CONFIG);
  write('serial', '01\n');
  write('signer.pem', pem(tsa.intCertificate));
  write('signer.key', keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return (query) => {
    write('query.tsq', query);
    const argv = ['ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query.tsq', '-signer', 'signer.pem', '-inkey', 'signer.key', '-out', 'reply.tsr'];
    childProcess.execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe' });
    return fs.readFileSync(path.join(folder, 'reply.tsr'));
  };
}

function trustFiles(base, ca, tsa) {
  const authority = (certificates) => ({
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: base, validFor: SINCE,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })) },
  });
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [authority([ca.rootCertificate])],
    timestampAuthorities: [authority([tsa.intCertificate, tsa.rootCertificate])],
  };
  const service = (url) => ({ url, majorApiVersion: 1, validFor: SINCE, operator: 'local' });
  const config = {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json', trustedRoot: root,
    signingConfig: {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service(`${base}/unlogged`)], oidcUrls: [], rekorTlogUrls: [],
      tsaUrls: [service(base + STAMPS)], tsaConfig: { selector: 'ANY' },
    },
  };
  return { root, config };
}

// Returns what answers requests to the two services, by path, and the files that tell of them.
async function start(base, keyPair) {
  const stampKeys = keyPair();
  const tsa = await sigstore.initializeTSA(stampKeys);
  const ca = await sigstore.initializeCA(keyPair());
  const stamp = stamping(tsa, stampKeys);
  const fulcio = sigstore.fulcioHandler(ca, { strict: true });
  const answers = {
    [CERTIFICATES]: (body, adapt) => fulcio.fn(adapt(body)),
    [STAMPS]: async (body) => ({ statusCode: 200, contentType: 'application/timestamp-reply', response: stamp(body) }),
  };
  return { answers, files: trustFiles(base, ca, tsa) };
}

module.exports = { start };
