// Money in the file is USD, inside it is integer nano-USD. Exact or refused: never rounded in silence.
import { decimalOf } from './decimal.ts'

/** The fraction digits that nano-USD can hold. */
const fractionDigits = 9

export type Money = { readonly ok: true; readonly nano: number } | { readonly ok: false; readonly reason: string }

/**
 * USD as written in the file to integer nano-USD. Works on the decimal digits, because 0.15 * 1e9 is not an integer.
 * Refuses negative amounts, more than nine fraction digits, and what passes 2^53 nano-USD (nine million dollars).
 */
export function usdToNano(usd: number): Money {
  // The shortest text that reads back as the same number has the digits that were written in the file.
  const decimal = decimalOf(String(usd))
  if (decimal === undefined || usd < 0) return { ok: false, reason: 'expected an amount of 0 or more' }
  const shift = decimal.exponent + fractionDigits
  if (shift < 0) return { ok: false, reason: 'finer than a billionth of a dollar' }
  const nano = Number(`${decimal.digits || '0'}e${shift}`)
  return Number.isSafeInteger(nano) ? { ok: true, nano } : { ok: false, reason: 'larger than 9007199 dollars' }
}
