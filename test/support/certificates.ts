// Certificates for servers on this machine, made by openssl when a test needs them.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  /** The authority's own certificate, and the file that holds it. */
  readonly ca: string
  readonly caFile: string
  /** For `up.example`, `*.tls.example` and 127.0.0.1. */
  readonly good: Certificate
  readonly wrongName: Certificate
  readonly expired: Certificate
  readonly selfSigned: Certificate
  remove(): void
}

/** Whether openssl is there; says so where it is not. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    // oxlint-disable-next-line no-console -- whoever runs the tests is to know what they left out
    console.warn('skipped: openssl is not installed')
    return false
  }
}

/** Makes a new authority and its certificates. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-tls-'))
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    '/CN=ca',
    ...authority,
  )
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const leaf = (name: string, alternatives: string, days: string): Certificate => {
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternatives}`)
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=leaf')
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
    const made = ['-in', `${name}.csr`, '-days', days, '-extfile', `${name}.ext`, '-out', `${name}.pem`]
    openssl('x509', '-req', ...signer, ...made)
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) }
  }
  const self = ['-days', '30', '-subj', '/CN=up.example', '-addext', 'subjectAltName=DNS:up.example']
  openssl('req', '-x509', ...newKey, '-keyout', 'self.key', '-out', 'self.pem', ...self)
  const names = 'DNS:up.example,DNS:*.tls.example,IP:127.0.0.1'
  return {
    ca: read('ca.pem'),
    caFile: join(folder, 'ca.pem'),
    good: leaf('good', names, '30'),
    wrongName: leaf('wrong', 'DNS:other.example', '30'),
    expired: leaf('expired', names, '-1'),
    selfSigned: { key: read('self.key'), cert: read('self.pem') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
