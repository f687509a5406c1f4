// The small pieces that the schema files share. Structure only: what needs two places of the file is checked in compile.
import { z } from 'zod'
import { durationPattern } from './duration.ts'

/** The largest count or delay: timers of every runtime hold 31 bits. */
export const maxInteger = 2_147_483_647

/** Builds on first use: a process that only reads types pays for no schema. */
export function once<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined
  return () => (built ??= { value: build() }).value
}

/** An id that may stand in headers, log lines and `provider/model` names. */
export function identifier() {
  return z
    .string()
    .regex(/^[A-Za-z0-9][\w.@+-]{0,127}$/, 'expected letters, digits and . _ - @ +, beginning with a letter or digit')
}

/** Text that is there at all. */
export function text() {
  return z.string().min(1)
}

/** The name of an environment variable. */
export function envName() {
  return z.string().regex(/^[A-Za-z_]\w{0,254}$/, 'expected the name of an environment variable')
}

/** An integer of 1 or more. */
export function count(max = maxInteger) {
  return z.int().min(1).max(max)
}

/** An integer of 0 or more. */
export function natural(max = maxInteger) {
  return z.int().min(0).max(max)
}

/** USD, 0 or more; how exact it may be is checked where it is converted. */
export function usd() {
  return z.number().min(0)
}

/** `14d`, `500ms`. */
export function duration() {
  return z.string().regex(durationPattern, 'expected a duration such as "500ms", "30s", "5m", "1h", "14d" or "2w"')
}

/** Header names to values; which are allowed is checked in compile. */
export function headers() {
  return z.record(z.string(), z.string()).default({})
}
