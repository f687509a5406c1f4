// Counting the tokens of a request without generating.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import {
  bodyWith,
  claude,
  decode,
  errorOf,
  expectValidCall,
  foreignRequest,
  jsonOf,
  text,
  user,
  valueOf,
} from './support.ts'

const counting = bedrockConverse.tokenCounting

function counted(request: IrRequest) {
  const encoded = valueOf(counting?.encodeRequest(request, { model: claude }) ?? (undefined as never))
  const body = jsonOf(encoded.call.body)
  expectValidCall(encoded.call.path, body)
  return { path: encoded.call.path, body }
}

describe('counting', () => {
  it('asks with what counts, and nothing else', () => {
    const request = foreignRequest({
      instructions: [text('s')],
      tools: [{ type: 'function', name: 'f' }],
      sampling: { maxOutputTokens: 5000, topK: 3, stop: ['x'] },
      stream: true,
    })
    expect(counted(request)).toEqual({
      path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens',
      body: {
        input: {
          converse: {
            messages: [{ role: 'user', content: [{ text: 'hi' }] }],
            system: [{ text: 's' }],
            toolConfig: {
              tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } }],
            },
            additionalModelRequestFields: { top_k: 3 },
          },
        },
      },
    })
  })

  it('sends a request of this wire as it was', () => {
    const body = bodyWith({ system: [{ text: 's' }] })
    expect(counted(decode({ input: { converse: body } }, '/model/m/count-tokens')).body).toEqual({
      input: { converse: body },
    })
  })

  it('refuses what generating refuses', () => {
    const request = foreignRequest({ turns: [user({ type: 'opaque', kind: 'x', value: {}, at: 'y' })] })
    expect(errorOf(counting?.encodeRequest(request, { model: claude }) ?? (undefined as never)).param).toBe('y')
  })

  it('reads the count, and writes one', () => {
    expect(valueOf(counting?.decodeResponse({ inputTokens: 42 }) ?? (undefined as never))).toBe(42)
    expect(errorOf(counting?.decodeResponse({}) ?? (undefined as never)).code).toBe('upstream_bad_content')
    expect(jsonOf(counting?.encodeResponse(7) ?? new Uint8Array())).toEqual({ inputTokens: 7 })
  })
})
