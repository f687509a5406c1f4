// The Worker as it is deployed, for tests that run it in workerd.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../store/drivers.ts'

/** The text of its one module, as `wrangler deploy` would send it. Takes seconds; goes nowhere and knows no account. */
export function bundleWorker(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sb-worker-'))
  try {
    const out = join(folder, 'out')
    execFileSync(join(projectRoot, 'node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', out], {
      cwd: projectRoot,
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: tmpdir(), WRANGLER_SEND_METRICS: 'false', CI: '1' },
      stdio: 'pipe',
    })
    return readFileSync(join(out, 'index.js'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
