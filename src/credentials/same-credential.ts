// Whether two configurations mean the same credential.
import type { CredentialRecord } from '../catalog/snapshot.ts'
import { plainSource } from './plain-keys.ts'
import { inlineText } from './sources/inline.ts'

/** True where both say the same words; for a key that stands in the file, where both are the same key. */
export function isSameCredential(left: CredentialRecord | null, right: CredentialRecord | null): boolean {
  return left === right || (JSON.stringify(left) === JSON.stringify(right) && textIn(left) === textIn(right))
}

function textIn(record: CredentialRecord | null): string | undefined {
  const source = record === null ? undefined : plainSource(record)
  return source?.source === 'inline' ? inlineText(source) : undefined
}
