import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { renderMatrix, requestRows, ingresses } from './matrix.ts'

describe('the table of translations', () => {
  it('is what `npm run matrix` writes today', async () => {
    const written = readFileSync(new URL('../../docs/translation-matrix.md', import.meta.url), 'utf8')
    expect(written.trim()).toBe((await renderMatrix()).trim())
  })

  it.each(ingresses)('maps plain text of %s everywhere', (ingress) => {
    const [text] = requestRows(ingress)
    for (const verdict of Object.values(text?.verdicts ?? {})) expect(['bytes', 'mapped']).toContain(verdict)
  })
})
