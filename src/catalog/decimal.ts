// Decimal numbers as they are written, because binary ones are only near them.

/** `digits` times ten to the power of `exponent`; no zeros at either end, `''` for zero. The sign is left out. */
export interface Decimal {
  readonly digits: string
  readonly exponent: number
}

/** The decimal that a number's text says; undefined where it is no JSON number. */
export function decimalOf(text: string): Decimal | undefined {
  const match = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return undefined
  const [, whole = '', fraction = '', power = '0'] = match
  const digits = (whole + fraction).replace(/^0+/, '')
  const kept = digits.replace(/0+$/, '')
  if (kept === '') return { digits: '', exponent: 0 }
  return { digits: kept, exponent: Number(power) - fraction.length + digits.length - kept.length }
}

/** Whether a number that was read from this text prints as the same decimal again. */
export function isExact(text: string, value: number): boolean {
  const written = decimalOf(text)
  const held = decimalOf(String(value))
  return written?.digits === held?.digits && written?.exponent === held?.exponent && held !== undefined
}
