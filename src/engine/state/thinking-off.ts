// Thinking cannot go on where the thoughts behind the last tool calls are not there: for that request it is switched off.
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'

/**
 * A request to one of its own dialect's providers that goes without thinking where the last assistant turn calls tools
 * and holds no signed reasoning; itself elsewhere, and where thinking is adaptive, which does not ask for it.
 * https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 */
export function withoutThinking(request: IrRequest): { readonly request: IrRequest; readonly losses: readonly Loss[] } {
  const { reasoning, ...rest } = request
  const last = request.turns.findLast((turn) => turn.role === 'assistant')
  const calls = last?.parts.some((part) => part.type === 'tool-call') === true
  const thought = last?.parts.some((part) => part.type === 'reasoning') === true
  if (reasoning?.mode !== 'enabled' || !calls || thought) return { request, losses: [] }
  const edits = withoutThinkingEdits(request.extras)
  const { effort } = reasoning
  return {
    request: {
      ...rest,
      ...(effort !== undefined && { reasoning: { effort } }),
      ...(edits !== undefined && { extras: edits }),
    },
    losses: [
      {
        path: 'thinking',
        action: 'dropped',
        reason: 'no thinking where the last tool calls came without signed thinking',
      },
      ...(edits === undefined
        ? []
        : [{ path: 'context_management', action: 'dropped', reason: 'it edits thinking, which is off' } as const]),
    ],
  }
}

// Anthropic refuses to edit the thoughts of a request that does not think.
// https://platform.claude.com/docs/en/build-with-claude/context-editing
function withoutThinkingEdits(extras: IrRequest['extras']): IrRequest['extras'] | undefined {
  const management = extras?.['context_management']
  const edits: unknown = isObject(management) ? management['edits'] : undefined
  if (!Array.isArray(edits)) return undefined
  const kept = edits.filter((edit) => !(isObject(edit) && String(edit['type']).startsWith('clear_thinking')))
  if (kept.length === edits.length) return undefined
  return { ...extras, context_management: { ...(management as object), edits: kept } }
}
