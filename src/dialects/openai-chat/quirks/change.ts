// Changes of parsed JSON that leave what they were given as it was, and say by identity whether anything changed.
import type { Members } from '../extras.ts'

/** The record with a member of this value; the same record where it has it already. */
export function withMember(record: Members, key: string, value: unknown): Members {
  return Object.is(record[key], value) && key in record ? record : { ...record, [key]: value }
}

/** The record without a member; the same record where it has none of this name. */
export function withoutMember(record: Members, key: string): Members {
  if (!(key in record)) return record
  const { [key]: _gone, ...rest } = record
  return rest
}

/** The list with every item replaced; the same list where no item changed. */
export function mapSame<T>(list: readonly T[], replace: (item: T, position: number) => T): readonly T[] {
  let changed = false
  const replaced = list.map((item, position) => {
    const next = replace(item, position)
    changed ||= next !== item
    return next
  })
  return changed ? replaced : list
}
