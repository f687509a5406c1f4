// Names and ids that another wire would refuse, made legal without two of them becoming one.

/** What a wire accepts as a name: a pattern for one character, and a length. */
export interface NameRule {
  /** Matches one character that is not allowed; must have the `g` flag. */
  readonly illegal: RegExp
  readonly maxLength: number
}

/**
 * The name itself where it is legal, else a legal one that depends on the whole original name
 * (so that the same name always becomes the same, and different ones stay different).
 */
export function legalName(name: string, rule: NameRule): string {
  const cleaned = name.replace(rule.illegal, '_')
  if (cleaned === name && name.length <= rule.maxLength && name !== '') return name
  const suffix = `_${fingerprint(name)}`
  return cleaned.slice(0, rule.maxLength - suffix.length) + suffix
}

// FNV-1a with two seeds, 64 bits in base 36: not secret, only spread out.
function fingerprint(text: string): string {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36)
}
