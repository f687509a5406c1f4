// Makes a snapshot immutable all the way down, so that a request that pinned it can trust it.

/** Freezes a value and everything in it, Maps included, and returns it. Functions are left as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map) freezeMap(value)
  else for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

// `Object.freeze` leaves the entries of a Map writable, so its writing methods are replaced as well.
function freezeMap(map: Map<unknown, unknown>): void {
  for (const member of map.values()) deepFreeze(member)
  Object.assign(map, { set: refuse, delete: refuse, clear: refuse })
}

function refuse(): never {
  throw new TypeError('a snapshot cannot be changed')
}
