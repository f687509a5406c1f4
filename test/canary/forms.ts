// How a leaked canary may look, worked out here and not with the gateway's own tables: what finds a leak must not share its
// blind spots.
import { randomBytes } from 'node:crypto'

export interface Canary {
  /** The slot that it lies in. */
  readonly slot: string
  readonly value: string
}

/** A value that is in no other text, with signs that every encoding writes differently. */
export function canary(slot: string, extra = '+/&='): Canary {
  return { slot, value: `cnry${randomBytes(9).toString('base64url')}${extra}${randomBytes(9).toString('base64url')}` }
}

/** Everything to look for. Halves too: half a key is a leak. */
export function spellings({ value }: Canary): readonly string[] {
  const bytes = Buffer.from(value)
  const percent = encodeURIComponent(value)
  const half = Math.floor(value.length / 2)
  const reversed = (text: string): string => [...text].toReversed().join('')
  return [
    ...new Set([
      value,
      percent,
      percent.replaceAll(/%../g, (code) => code.toLowerCase()),
      JSON.stringify(value).slice(1, -1),
      value.replaceAll('&', '&amp;'),
      value.replaceAll('&', String.raw`\u0026`),
      ...base64Middles(bytes),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      value.slice(0, half),
      value.slice(half),
      reversed(value.slice(0, half)),
      reversed(value.slice(half)),
    ]),
  ]
}

// With one, two or no bytes before it; its ends depend on the neighbours and are left out.
function base64Middles(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before, 'u'), bytes]).toString('base64')
    const middle = text.slice(4, -4)
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

export interface Leak {
  readonly sink: string
  readonly slot: string
  readonly around: string
}

/** What was collected, by the name of the sink. */
export interface Sinks {
  add(sink: string, text: string | Uint8Array): void
  /** Every canary in every sink; `allowed` says which may be where. */
  leaks(canaries: readonly Canary[], allowed?: (sink: string, slot: string) => boolean, since?: number): readonly Leak[]
  /** How much there is by now: to look later at what came since. */
  mark(): number
  /** How many characters each kind of sink got, to show that it was not empty. */
  sizes(): Readonly<Record<string, number>>
}

export function createSinks(): Sinks {
  const collected: { readonly sink: string; readonly text: string }[] = []
  return {
    add(sink, text) {
      // Bytes as they are: a database page is no text.
      collected.push({ sink, text: typeof text === 'string' ? text : Buffer.from(text).toString('latin1') })
    },
    mark: () => collected.length,
    leaks(canaries, allowed = () => false, since = 0) {
      const recent = collected.slice(since)
      return canaries.flatMap((one) => {
        const forms = spellings(one)
        return recent.flatMap(({ sink, text }) => {
          const form = allowed(sink, one.slot) ? undefined : forms.find((candidate) => text.includes(candidate))
          if (form === undefined) return []
          const at = text.indexOf(form)
          return [{ sink, slot: one.slot, around: text.slice(Math.max(0, at - 60), at + form.length + 20) }]
        })
      })
    },
    sizes() {
      const sizes: Record<string, number> = {}
      for (const { sink, text } of collected) {
        const kind = sink.split(':')[0] ?? sink
        sizes[kind] = (sizes[kind] ?? 0) + text.length
      }
      return sizes
    },
  }
}
