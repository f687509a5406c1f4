// One message for a provider that takes less than the wire allows.
import type { Loss } from '../../../ir/loss.ts'
import type { Traits } from '../../../ir/traits.ts'
import { isObject } from '../../../wire/json-parse.ts'
import { listOf, textOf } from '../../kit/present.ts'
import type { Members } from '../extras.ts'
import { readReasoning, reasoningKeys } from '../reasoning.ts'
import { withMember, withoutMember } from './change.ts'

interface MessageSite {
  readonly at: string
  readonly traits: Traits
  readonly losses: Loss[]
  /** The provider's model reasons about this request. */
  readonly thinks: boolean
}

/** Empty text counts as none where reasoning is required, so the placeholder is a blank. */
const noReasoning = ' '

/** The message as the provider takes it; the same one where it does already. */
export function fitMessage(message: unknown, site: MessageSite): unknown {
  if (!isObject(message)) return message
  const { traits } = site
  let fitted: Members = message
  if (traits.noDeveloperRole === true && fitted['role'] === 'developer') fitted = withMember(fitted, 'role', 'system')
  for (const key of traits.refusedInMessages ?? []) fitted = withoutRefused(fitted, key, site)
  if (traits.textContent === 'string') fitted = withPlainText(fitted, site)
  return fitted['role'] === 'assistant' ? withReasoning(fitted, site) : fitted
}

function withoutRefused(message: Members, key: string, { at, losses }: MessageSite): Members {
  if (textOf(message[key]) !== undefined)
    losses.push({ path: `${at}.${key}`, action: 'dropped', reason: 'the provider refuses it on a message' })
  return withoutMember(message, key)
}

/** Text parts as one string, a line each. A list with anything but text stays: it is the provider's to refuse. */
function withPlainText(message: Members, { at, losses }: MessageSite): Members {
  const { content } = message
  if (!Array.isArray(content)) return message
  const parts = listOf(content).filter(isObject)
  const texts = parts.flatMap((part) => (part['type'] === 'text' ? (textOf(part['text']) ?? []) : []))
  if (parts.length !== content.length || parts.some((part) => part['type'] !== 'text')) return message
  for (const [index, part] of parts.entries())
    for (const key of Object.keys(part))
      if (key !== 'type' && key !== 'text' && part[key] !== null)
        losses.push({
          path: `${at}.content[${index}].${key}`,
          action: 'dropped',
          reason: 'the provider takes text as one string',
        })
  return withMember(message, 'content', texts.join('\n'))
}

/** The reasoning of an earlier turn, under the name that the provider reads, or nowhere. */
function withReasoning(message: Members, { at, traits, losses, thinks }: MessageSite): Members {
  const { reasoningField: field, reasoningRequired } = traits
  if (field === undefined) return message
  const text = readReasoning(message)
    .map((piece) => piece.text)
    .join('')
  const others = reasoningKeys.filter((key) => key !== field && key in message)
  const bare = others.reduce(withoutMember, message)
  if (field === 'none') {
    if (text !== '')
      losses.push({
        path: `${at}.reasoning_content`,
        action: 'dropped',
        reason: 'the provider takes no reasoning back',
      })
    return bare
  }
  // The text goes on under the other name; what a vendor sealed is of no use to this one.
  if (others.includes('reasoning_details') && listOf(message['reasoning_details']).length > 0)
    losses.push({ path: `${at}.reasoning_details`, action: 'dropped', reason: 'the provider takes reasoning as text' })
  const isRequired = reasoningRequired === true && thinks && listOf(message['tool_calls']).length > 0
  if (text !== '') return withMember(bare, field, text)
  return isRequired ? withMember(bare, field, noReasoning) : bare
}
