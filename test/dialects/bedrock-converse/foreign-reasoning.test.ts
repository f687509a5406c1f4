// Reasoning that a client of another wire asks for, in the words of each model's maker.
import { describe, expect, it } from 'vitest'
import type { IrRequest, ReasoningRequest, Turn } from '../../../src/ir/request.ts'
import type { Json } from '../../support/json.ts'
import { assistant, call, claude, encodeForeign, nova, result, text, user } from './support.ts'

const nova2 = 'us.amazon.nova-2-lite-v1:0'
const oss = 'openai.gpt-oss-120b-1:0'
const gpt = 'us.openai.gpt-5.6-sol'
const thinking = (budget: number): Json => ({ thinking: { type: 'enabled', budget_tokens: budget } })

function asked(reasoning: ReasoningRequest, model: string, more: Partial<IrRequest> = {}) {
  const { body, losses } = encodeForeign({ reasoning, ...more }, model)
  return {
    fields: body['additionalModelRequestFields'],
    output: body['outputConfig'],
    inference: body['inferenceConfig'],
    losses,
  }
}

describe('an effort, a budget or a mode', () => {
  const anthropic: Partial<IrRequest> = { source: 'anthropic-messages' }
  const gemini: Partial<IrRequest> = { source: 'gemini' }

  it.each([
    [
      'an effort becomes a budget',
      { effort: 'low' },
      claude,
      {},
      thinking(4096),
      undefined,
      ['approximated reasoning_effort'],
    ],
    [
      'the least effort is none',
      { effort: 'minimal' },
      claude,
      {},
      undefined,
      undefined,
      ['approximated reasoning_effort'],
    ],
    ['no effort is none', { effort: 'none' }, claude, {}, undefined, undefined, []],
    ['an unknown effort is lost', { effort: 'heroic' }, claude, {}, undefined, undefined, ['dropped reasoning_effort']],
    ['a budget is a budget', { mode: 'enabled', budgetTokens: 2000 }, claude, anthropic, thinking(2000), undefined, []],
    ['a budget of another wire is one too', { budgetTokens: 2000 }, claude, gemini, thinking(2000), undefined, []],
    [
      'adaptive stays adaptive',
      { mode: 'adaptive', effort: 'xhigh' },
      claude,
      anthropic,
      { thinking: { type: 'adaptive' } },
      { effort: 'xhigh' },
      [],
    ],
    ['a native effort needs no thinking', { effort: 'medium' }, claude, anthropic, undefined, { effort: 'medium' }, []],
    ['off is off', { mode: 'disabled' }, claude, anthropic, undefined, undefined, []],
    [
      'on without a budget says too little',
      { mode: 'enabled' },
      claude,
      anthropic,
      undefined,
      undefined,
      ['dropped thinking'],
    ],
    [
      'Nova 2 has three words',
      { effort: 'high' },
      nova2,
      {},
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
      undefined,
      [],
    ],
    [
      'Nova 2 takes no number',
      { mode: 'enabled', budgetTokens: 20_000 },
      nova2,
      anthropic,
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } },
      undefined,
      ['approximated thinking.budget_tokens'],
    ],
    ['Nova 1 does not reason', { effort: 'high' }, nova, {}, undefined, undefined, ['dropped reasoning_effort']],
    ['gpt-oss has a flat word', { effort: 'high' }, oss, {}, { reasoning_effort: 'high' }, undefined, []],
    ['its successors have a nested one', { effort: 'high' }, gpt, {}, { reasoning: { effort: 'high' } }, undefined, []],
    [
      'others have none',
      { mode: 'adaptive', effort: 'low' },
      'meta.llama3-8b-instruct-v1:0',
      anthropic,
      undefined,
      undefined,
      ['dropped thinking', 'dropped output_config.effort'],
    ],
  ] as [string, ReasoningRequest, string, Partial<IrRequest>, unknown, unknown, string[]][])(
    '%s',
    (_what, reasoning, model, more, fields, output, losses) => {
      expect(asked(reasoning, model, more)).toMatchObject({ fields, output, losses })
    },
  )

  it('stays below the output limit, or is left out', () => {
    expect(asked({ effort: 'high' }, claude, { sampling: { maxOutputTokens: 3000 } })).toMatchObject({
      fields: thinking(2999),
      inference: { maxTokens: 3000 },
    })
    expect(asked({ effort: 'high' }, claude, { sampling: { maxOutputTokens: 1000 } })).toMatchObject({
      fields: undefined,
      losses: ['dropped reasoning_effort'],
    })
  })

  it('gives way to a limit on Nova 2, which takes none at the highest effort', () => {
    expect(asked({ effort: 'max' }, nova2, { sampling: { maxOutputTokens: 100 } })).toMatchObject({
      fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } },
      inference: { maxTokens: 100 },
      losses: ['approximated reasoning_effort'],
    })
  })
})

describe('thinking of Claude', () => {
  const tools: IrRequest['tools'] = [{ type: 'function', name: 'f' }]
  const called: Turn[] = [user(text('go')), assistant(call('a')), user(result('a', text('1')))]
  const signed: Turn[] = [
    user(text('go')),
    assistant({ type: 'reasoning', text: 'hm', signature: 's' }, call('a')),
    user(result('a', text('1'))),
  ]

  it.each([
    ['a call is forced', { tools, toolChoice: { mode: 'required' } }],
    ['the last calls came without it', { tools, turns: called }],
    ['the answer is begun', { turns: [user(text('a')), assistant(text('So'))] }],
  ] as [string, Partial<IrRequest>][])('is off where %s', (_what, members) => {
    expect(asked({ effort: 'low' }, claude, members)).toMatchObject({ losses: ['dropped reasoning_effort'] })
    expect(JSON.stringify(asked({ effort: 'low' }, claude, members))).not.toContain('budget_tokens')
  })

  it('is on where the last calls came with it', () => {
    expect(asked({ effort: 'low' }, claude, { tools, turns: signed }).fields).toEqual(thinking(4096))
  })

  it('takes no randomness beside it', () => {
    const { fields, inference, losses } = asked({ mode: 'enabled', budgetTokens: 2000 }, claude, {
      sampling: { temperature: 0.3, topP: 0.5, topK: 4 },
    })
    expect(fields).toEqual(thinking(2000))
    expect(inference).toBeUndefined()
    expect(losses).toEqual(['dropped temperature', 'dropped top_p', 'dropped top_k'])
  })
})
