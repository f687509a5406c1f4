// Tools of other wires, and the choice among them.
import { describe, expect, it } from 'vitest'
import type { IrRequest, Tool } from '../../../src/ir/request.ts'
import { record, type Json } from '../../support/json.ts'
import { assistant, call, claude, encodeForeign, nova, refusal, result, text, user } from './support.ts'

const tool = (members: object = {}): Tool => ({ type: 'function', name: 'f', at: 'tools[0]', ...members }) as Tool
const schema = { type: 'object', properties: { x: { type: 'string' } } }
const spec = { toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } }
const history = [
  user(text('go')),
  assistant({ ...call('a'), at: 'messages[1].content[0]' }, { ...call('b'), name: 'g' } as never),
  user(result('a', text('1')), result('b', text('2'))),
]

function configOf(members: Partial<IrRequest>, model: string = claude) {
  const { body, losses } = encodeForeign(members, model)
  return { config: body['toolConfig'], fields: body['additionalModelRequestFields'], losses }
}

describe('a tool', () => {
  it.each([
    [
      'with everything',
      { description: 'd', schema, strict: true },
      { name: 'f', description: 'd', inputSchema: { json: schema }, strict: true },
    ],
    ['without a schema', {}, { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } }],
    [
      'whose schema says no type',
      { schema: { properties: {} } },
      { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } },
    ],
    [
      'with a blank description',
      { description: ' ' },
      { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } },
    ],
  ] as [string, object, Json][])('%s', (_what, members, toolSpec) => {
    expect(configOf({ tools: [tool(members)] })).toEqual({ config: { tools: [{ toolSpec }] }, losses: [] })
  })

  it('gets a legal name that leads back to its own', () => {
    const name = `mcp/${'long-'.repeat(20)}server.read`
    const turns = [user(text('go')), assistant({ ...call('a'), name } as never), user(result('a', text('1')))]
    const { body, encoded } = encodeForeign({ tools: [tool({ name })], turns, toolChoice: { mode: 'tool', name } })
    const [[legal] = ['']] = encoded.toolNames
    expect(encoded.toolNames).toEqual(new Map([[legal, name]]))
    expect(legal).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(JSON.stringify(body).split(`"${legal}"`)).toHaveLength(4)
  })

  it('of another provider is left out with a loss', () => {
    const tools: Tool[] = [{ type: 'opaque', kind: 'web_search', value: {}, at: 'tools[1]' }, tool()]
    expect(configOf({ tools })).toEqual({ config: { tools: [spec] }, losses: ['dropped tools[1]'] })
  })

  it.each([
    ['a free-text tool', { tools: [{ type: 'custom', name: 'c', at: 'tools[0]' }] }, 'tools[0]'],
    ['a schema that is no object', { tools: [tool({ schema: { type: 'string' } })] }, 'tools[0]'],
    [
      'a forced tool of another provider',
      {
        tools: [{ type: 'opaque', kind: 'web_search', value: { name: 'web' } }, tool()],
        toolChoice: { mode: 'tool', name: 'web' },
      },
      'tool_choice',
    ],
    [
      'a forced call where no tool is left',
      { tools: [{ type: 'opaque', kind: 'x', value: {} }], toolChoice: { mode: 'required' } },
      'tool_choice',
    ],
    [
      'a choice that only another wire has',
      { tools: [tool()], toolChoice: { mode: 'opaque', kind: 'allowed_tools', value: {} } },
      'tool_choice',
    ],
  ] as [string, Partial<IrRequest>, string][])('%s is refused', (_what, members, param) => {
    expect(refusal(members)).toEqual({ code: 'unsupported_content', param })
  })
})

describe('the choice', () => {
  it.each([
    ['auto', { mode: 'auto' }, { auto: {} }],
    ['required', { mode: 'required' }, { any: {} }],
    ['one tool', { mode: 'tool', name: 'f' }, { tool: { name: 'f' } }],
  ] as [string, IrRequest['toolChoice'], Json][])('%s', (_what, toolChoice, expected) => {
    const { config, losses } = configOf({ tools: [tool()], toolChoice: toolChoice as never })
    expect(config).toEqual({ tools: [spec], toolChoice: expected })
    expect(losses).toEqual([])
  })

  it('without tools says nothing', () => {
    expect(configOf({ toolChoice: { mode: 'auto' }, parallelToolCalls: false })).toEqual({ losses: [] })
  })

  it('none leaves the tools out, as calls cannot be forbidden', () => {
    expect(configOf({ tools: [tool()], toolChoice: { mode: 'none' } })).toEqual({
      losses: ['approximated tool_choice', 'approximated tools[0]'],
    })
  })

  it('none keeps the tools where the conversation holds calls, as they are demanded then', () => {
    const tools = [tool(), tool({ name: 'g' })]
    const { config, losses } = configOf({ tools, turns: history, toolChoice: { mode: 'none' } })
    expect(record(config)['tools']).toHaveLength(2)
    expect(record(config)).not.toHaveProperty('toolChoice')
    expect(losses).toEqual(['approximated tool_choice'])
  })
})

describe('a conversation with calls and no tools', () => {
  it('gets the tools that it called', () => {
    const { config, losses } = configOf({ turns: history })
    const named = (name: string): Json => ({
      toolSpec: { name, inputSchema: { json: { type: 'object', properties: {} } } },
    })
    expect(config).toEqual({ tools: [named('f'), named('g')] })
    expect(losses).toEqual(['approximated messages[1].content[0]'])
  })

  it('gets one even where only results are left', () => {
    const turns = [user({ ...result('a', text('1')), at: 'messages[0]' })]
    const { config, losses } = configOf({ turns })
    expect(record(config)['tools']).toHaveLength(1)
    expect(losses).toEqual(['approximated messages[0]'])
  })
})

describe('one call at a time', () => {
  const members: Partial<IrRequest> = { tools: [tool()], parallelToolCalls: false }
  const single = { disable_parallel_tool_use: true }

  it.each([
    ['where nothing is chosen', {}, undefined, { type: 'auto', ...single }],
    ['where the model may choose', { toolChoice: { mode: 'auto' } }, undefined, { type: 'auto', ...single }],
    // Both saying the type of the choice is refused.
    ['where a call is forced', { toolChoice: { mode: 'required' } }, { any: {} }, single],
  ] as [string, Partial<IrRequest>, unknown, Json][])(
    'is said to Claude in its own words %s',
    (_what, more, choice, word) => {
      const { config, fields, losses } = configOf({ ...members, ...more })
      expect(record(config)['toolChoice']).toEqual(choice)
      expect(fields).toEqual({ tool_choice: word })
      expect(losses).toEqual([])
    },
  )

  it('cannot be said to others', () => {
    expect(configOf(members, nova)).toEqual({ config: { tools: [spec] }, losses: ['dropped parallel_tool_calls'] })
  })

  it('is the default nowhere, so several calls need no word', () => {
    expect(configOf({ tools: [tool()], parallelToolCalls: true }, nova).losses).toEqual([])
  })
})
