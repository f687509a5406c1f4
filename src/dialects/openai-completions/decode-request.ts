// A request of this wire as the canonical request: the prompt is what a user says, once.
import type { ContentPart } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import type { WireRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { unknownMembers, type Members } from '../openai-wire/members.ts'
import { decodeSampling } from '../openai-wire/sampling.ts'
import { extrasOf } from './extras.ts'
import { readRequest, type RequestShape } from './schema.ts'

const knownMembers: ReadonlySet<string> = new Set([
  'model',
  'prompt',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'n',
  'stop',
  'stream',
  'user',
])

/** How `include_usage` was said, which may stand beside stream options without a canonical name. */
export const usageSpelling = 'stream_options.include_usage'

/** Opaque parts of a prompt that is more than one text. */
export const promptKinds = { list: 'prompts', tokens: 'prompt-tokens' } as const

/**
 * Decodes a request; fails with `invalid_value` where a member has another shape than the wire's. What only this wire
 * can do, and what would change the answer if it were left out, is a reason for every other wire to refuse.
 * @see https://platform.openai.com/docs/api-reference/completions/create
 */
export function decodeRequest(wire: WireRequest): Outcome<IrRequest> {
  const reading = readRequest(wire.body.value)
  if (!reading.ok) return failed('invalid_value', { param: reading.fault.at })
  const request = reading.value
  return ok({
    source: 'openai-completions',
    model: request.model,
    instructions: [],
    turns: decodePrompt(request.prompt),
    tools: [],
    sampling: decodeSampling(request, request.max_tokens),
    stream: request.stream === true,
    ...present({
      streamUsage: request.stream === true ? request.stream_options?.include_usage === true : undefined,
      choices: request.n ?? undefined,
      user: request.user ?? undefined,
      bound: boundTo(request),
      extras: decodeExtras(request),
    }),
  })
}

function decodePrompt(prompt: RequestShape['prompt']): readonly Turn[] {
  if (prompt === undefined || prompt === null) return []
  return [{ role: 'user', parts: [decodePart(prompt)], at: 'prompt' }]
}

function decodePart(prompt: NonNullable<RequestShape['prompt']>): ContentPart {
  if (typeof prompt === 'string') return { type: 'text', text: prompt, at: 'prompt' }
  const [only] = prompt
  if (prompt.length === 1 && typeof only === 'string') return { type: 'text', text: only, at: 'prompt[0]' }
  const inTokens = typeof only === 'number' || (prompt.length === 1 && Array.isArray(only))
  return { type: 'opaque', kind: inTokens ? promptKinds.tokens : promptKinds.list, value: prompt, at: 'prompt' }
}

function boundTo({ prompt, suffix, echo }: RequestShape): IrRequest['bound'] {
  if (prompt === undefined || prompt === null)
    return { param: 'prompt', reason: 'only text completions need no prompt' }
  if (suffix !== undefined && suffix !== null && suffix !== '')
    return { param: 'suffix', reason: 'only text completions can write toward a suffix' }
  return echo === true ? { param: 'echo', reason: 'only text completions can repeat the prompt' } : undefined
}

function decodeExtras(request: RequestShape): IrRequest['extras'] {
  const { said } = unknownMembers(request.stream_options ?? {}, new Set(['include_usage']))
  const options = Object.keys(said).length > 0 ? said : undefined
  return extrasOf({ ...request, stream_options: options }, withUnsaid(request), spellings(request))
}

/** `best_of` as large as `n` asks for nothing, and neither does `echo: false`. */
function withUnsaid({ best_of: candidates, n, echo }: RequestShape): ReadonlySet<string> {
  const known = new Set(knownMembers)
  if (candidates === (n ?? 1)) known.add('best_of')
  if (echo === false) known.add('echo')
  return known
}

function spellings(request: RequestShape): Members {
  const { prompt, stop, stream, stream_options: options, best_of: candidates, n, echo } = request
  return {
    ...(Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'string' && { prompt }),
    ...(typeof stop === 'string' && { stop }),
    ...(stream === false && { stream }),
    ...(typeof options?.include_usage === 'boolean' && { [usageSpelling]: options.include_usage }),
    ...(candidates === (n ?? 1) && { best_of: candidates }),
    ...(echo === false && { echo }),
  }
}
