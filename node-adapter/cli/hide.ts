// Words of a failure on their way to a terminal: a cause that nobody foresaw may quote what it was working on.
import process from 'node:process'
import { Secret } from '../../src/ir/secret.ts'
import { createScrubber } from '../../src/redaction/index.ts'

const secretName = /key|token|secret|password|passphrase|credential|kek|pepper/i
const maxLength = 65_536

// A command line knows no configuration yet, so every variable that sounds like one may hold a secret.
const { scrub } = createScrubber(() =>
  Object.entries(process.env).flatMap(([name, value]) =>
    secretName.test(name) && value !== undefined ? [new Secret(name, value)] : [],
  ),
)

/** The text without the values of variables that sound secret, and without what looks like a key. */
export function hideSecrets(text: string): string {
  return scrub(text, maxLength)
}
