// A fetch for the clients of the matrix: the grammar reads along, and every byte that passes is kept.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { grammarFetch, type GrammarFetch } from '../support/stream-grammar.ts'

export interface Exchanged {
  /** The request's body. */
  readonly sent: string
  /** The answer's body, as far as it was read. */
  received(): Buffer
}

export type RecordingFetch = GrammarFetch & { readonly exchanges: readonly Exchanged[] }

/** A fetch for one client of the dialect. */
export function recordingFetch(dialect: DialectId): RecordingFetch {
  const exchanges: Exchanged[] = []
  const recording: typeof fetch = async (input, init) => {
    const chunks: Uint8Array[] = []
    exchanges.push({ sent: textOf(init?.body), received: () => Buffer.concat(chunks) })
    const response = await fetch(input, init)
    const copy = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        chunks.push(chunk)
        controller.enqueue(chunk)
      },
    })
    return new Response(response.body?.pipeThrough(copy) ?? null, response)
  }
  return Object.assign(grammarFetch(dialect, recording), { exchanges })
}

function textOf(body: RequestInit['body']): string {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  throw new Error('the SDK sends its body in a form that is not recorded')
}
