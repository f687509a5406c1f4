// Everything of an answer but its output and its usage. Owns which members are canonical, which only repeat the request,
// and what an answer of another wire is given so that the official SDKs take it for one of theirs.
// https://platform.openai.com/docs/api-reference/responses/object
import type { NameRule } from '../../ir/legal-name.ts'
import { legalName } from '../../ir/legal-name.ts'
import type { Exchange } from '../dialect.ts'
import { packOwn, unknownMembers, type Members } from './extras.ts'
import type { Extras } from '../../ir/content.ts'

const canonical: ReadonlySet<string> = new Set(['id', 'model', 'created_at', 'output', 'usage'])

/** Members that repeat the request, or say how the answer ended: another wire says it in its own way. */
const echoes: ReadonlySet<string> = new Set([
  'object',
  'status',
  'error',
  'incomplete_details',
  'completed_at',
  'background',
  'billing',
  'conversation',
  'frequency_penalty',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'output_text',
  'parallel_tool_calls',
  'presence_penalty',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'store',
  'stream',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
])

/** What an answer says beside its canonical members. */
export function decodeHead(answer: Members): Extras {
  const { said, silent } = unknownMembers(answer, new Set([...canonical, ...echoes]))
  // A member that is null says nothing, but the wire's types promise that it is there.
  const echoed = Object.entries(answer).filter(
    ([key, value]) => !canonical.has(key) && (value === null || echoes.has(key)),
  )
  return packOwn(said, { silent: { ...silent, ...Object.fromEntries(echoed) } })
}

/** The head of an answer while it is being made: nothing that only its end can say. */
export function decodeEarlyHead(answer: Members): Extras {
  const members = Object.entries(answer).filter(([key]) => !canonical.has(key))
  return packOwn({}, { silent: Object.fromEntries(members) })
}

// Item ids are made from it, and must not be longer than 64.
const idRule: NameRule = { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 48 }

/** An id as this wire's answers have one. */
export function responseId(id: string | undefined, exchange: Exchange): string {
  if (id?.startsWith('resp_') === true) return id
  return `resp_${legalName(id ?? exchange.requestId, idRule)}`
}

/** The members that the SDKs' types promise. The request's own values are not known here: they are null, or the default. */
export function foreignHead({ facts }: Exchange): Members {
  return {
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: facts.maxOutputTokens ?? null,
    metadata: {},
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
  }
}
