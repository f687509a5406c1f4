// When a key ends. Only forms that mean the same instant on every machine.

// RFC 3339 with a time zone, or a date alone, which ECMAScript reads as midnight UTC.
const instant = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/
// Seconds of this size lie in the year 5138, milliseconds in 1973.
const smallestMilliseconds = 100_000_000_000

/** Unix milliseconds; undefined where the text is no date with a time zone or the number no time. */
export function expiryMs(value: string | number): number | undefined {
  if (typeof value === 'number') {
    if (value < 0) return undefined
    return value < smallestMilliseconds ? value * 1000 : value
  }
  if (!instant.test(value)) return undefined
  const time = Date.parse(value.replace(' ', 'T').toUpperCase())
  return Number.isNaN(time) || !isDay(value) ? undefined : time
}

// Some runtimes roll a day that the month does not have over into the next one.
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return day >= 1 && Date.UTC(year, month - 1, day) < Date.UTC(year, month, 1)
}
