// Values that say nothing. Snowflake fills every member of its answers this way.

/** Whether a value says nothing: null, empty text, an empty list, or an object of such (and of zeros). */
export function isPlaceholder(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  if (typeof value !== 'object') return false
  return Object.values(value).every((member) => member === 0 || isPlaceholder(member))
}
