// Watches streams of this wire go by without changing them: usage, finish, model, id, and where content begins.
import type { Exchange, StreamTap } from '../dialect.ts'
import { textOf } from '../kit/present.ts'
import { createChunkTap } from '../openai-wire/chunk-tap.ts'
import { decodeFinish } from './finish-reason.ts'

// What a chunk in full flow has; one without it may only keep the line open, and is read.
const flows = /"text"\s*:\s*"[^"]/

/** A tap for one stream. */
export function createStreamTap({ facts }: Exchange): StreamTap {
  return createChunkTap(facts, {
    written: { strings: 'text' },
    isFlowing: (data) => flows.test(data),
    readChoice: (choice) => textOf(choice['text']) !== undefined,
    finish: decodeFinish,
  })
}
