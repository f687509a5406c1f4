// Text of a provider on its way to a client or a trace: keys are taken out, length is bounded.

const keyShapes =
  /\b(?:sk-[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9._-]+|AKIA[A-Z0-9]{12,}|sbx_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9._-]+)/g

const shown = '[redacted]'

/**
 * Removes the given secrets (also percent-encoded) and everything that looks like a key.
 * @param maxLength characters kept; 512 as for every provider message
 */
export function scrub(text: string, secrets: readonly string[], maxLength = 512): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length < 4) continue
    clean = clean.replaceAll(secret, shown).replaceAll(encodeURIComponent(secret), shown)
  }
  return clean.replaceAll(keyShapes, shown).slice(0, maxLength)
}
