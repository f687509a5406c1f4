// Maps of a bounded size, whose first entry is the one that was left alone longest.
import type { Breaker } from '../policy/breaker.ts'
import type { Lock } from '../policy/locks.ts'
import type { Entries } from './known.ts'

/** Puts in the values of somebody else, whose map is bounded already. */
export function putAll<V>(map: Map<string, V>, entries: Entries<V>): void {
  for (const [key, value] of entries) map.set(key, value)
}

/** Puts a value into a map of at most `max`; whoever was left alone longest goes for it. */
export function put<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  // While there is plenty of room the order does not matter, and a value that is only replaced costs half.
  if (map.size * 2 > max) map.delete(key)
  map.set(key, value)
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest)
}

/** The same for locks: clients may ask for models of any name, and must not push out what is known of the accounts. */
export function putLock(locks: Map<string, Lock>, key: string, lock: Lock, max: number): void {
  locks.delete(key)
  locks.set(key, lock)
  if (locks.size <= max) return
  for (const [oldest, { place }] of locks) if (place.on !== 'account') return void locks.delete(oldest)
  for (const oldest of locks.keys()) return void locks.delete(oldest)
}

/** How many open breakers are passed over in search of one that is not missed. */
const spared = 100

/** The same for breakers: nor may they push out those that are open. */
export function putBreaker(breakers: Map<string, Breaker>, key: string, breaker: Breaker, max: number): void {
  if (breakers.size * 2 > max) breakers.delete(key)
  breakers.set(key, breaker)
  if (breakers.size <= max) return
  let seen = 0
  for (const [oldest, { isOpen }] of breakers) if (!isOpen || ++seen > spared) return void breakers.delete(oldest)
  for (const oldest of breakers.keys()) return void breakers.delete(oldest)
}
