// The mock's answer as plain data, made from what was heard on any of its wires; the wire files only spell it.
import { fitting } from './fit.ts'
import type { Script } from './script.ts'
import type { Heard, ReturnedThought, Signer } from './wire.ts'

export interface MockAnswer {
  readonly model: string
  readonly thinking: string
  /** What has to come back with the thinking. */
  readonly signature: string
  readonly text: string
  /** Why nothing is answered; `''` where something is. */
  readonly refusal: string
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly input: object }[]
  readonly inputTokens: number
  /** All of them; `thinkingTokens` among them. */
  readonly outputTokens: number
  readonly thinkingTokens: number
}

/** More than limits.max_event_bytes lets in. */
const giantBytes = 5 * 1024 * 1024

const thought = 'I repeat what was said.'

/** The signature of a wire's thinking; base64, as some wires want it. */
export function sealOf(signer: Signer): string {
  return btoa(`signed by the mock on ${signer}`)
}

/** `echo: <what a user said last>`, or `echo: <tool results>` behind some; token counts of one per word. */
export function answerOf(script: Script, heard: Heard, model: string): MockAnswer {
  const signer = signerOf(script, heard)
  const thinking = script.type === 'thinking' || signer !== undefined ? thought : ''
  const refusal = script.type === 'refusal' ? 'The mock was told to refuse.' : ''
  const toolCalls = callsFor(script, heard)
  const isSilent = toolCalls.length > 0 || script.type === 'empty' || refusal !== ''
  const text = isSilent ? '' : textFor(script, heard)
  const thinkingTokens = words(thinking).length
  return {
    model,
    thinking,
    signature: thinking === '' ? '' : sealOf(heard.signer ?? 'chat'),
    text,
    refusal,
    toolCalls,
    inputTokens: tokensIn(heard),
    outputTokens: thinkingTokens + words(text).length + words(refusal).length + toolCalls.length * 8,
    thinkingTokens,
  }
}

/** One token per word. */
export function tokensIn(heard: Heard): number {
  return words(heard.everything).length
}

/** What is wrong with the thoughts that came back, on a model that signs them. */
export function forgedThought(script: Script, heard: Heard): string | undefined {
  const { signer, thoughts, isThoughtless } = heard
  if (script.type !== 'signed' || signer === undefined) return undefined
  // Where another model took part, thinking may have been switched off for its sake: what was signed before may be left out.
  const isExcused = isThoughtless === true && thoughts.some((one) => one.calls.length > 0 && !isOwn(one, signer))
  for (const returned of thoughts) {
    const { signature, text, calls } = returned
    const isMade = isOwn(returned, signer)
    const isDue = isMade ? !isExcused : signer === 'gemini' && calls.length > 0
    if (signature === undefined && isDue) return 'a tool call came back without the signature of its thinking'
    if (signature === undefined || (signature === foreignCall && signer === 'gemini' && !isMade)) continue
    if (signature !== sealOf(signer) || (text !== undefined && text !== thought))
      return 'the thinking before a tool call, or its signature, was changed'
  }
  return undefined
}

/** Google's own word for a call that another model made. https://ai.google.dev/gemini-api/docs/thought-signatures */
const foreignCall = 'skip_thought_signature_validator'

function isOwn({ calls }: ReturnedThought, signer: Signer): boolean {
  return calls.some((id) => id.includes(`_${signer}_`))
}

/** Who signs this answer; undefined where nothing is signed. */
function signerOf(script: Script, { signer, isThoughtless }: Heard): Signer | undefined {
  return script.type === 'signed' && isThoughtless !== true ? signer : undefined
}

/** Cuts a text into the pieces that a stream sends: words with the space that follows them. */
export function words(text: string): readonly string[] {
  return text.match(/\S+\s*|\s+/g) ?? []
}

function textFor(script: Script, heard: Heard): string {
  if (script.type === 'giant') return 'x'.repeat(giantBytes)
  // Enough words for one in the middle.
  if (script.type === 'endless') return `echo: ${heard.said} and so on and so on`
  if (script.type !== 'structured') return `echo: ${heard.results ?? heard.said}`
  return JSON.stringify(heard.schema === undefined ? { echo: heard.said } : fitting(heard.schema))
}

function callsFor(script: Script, heard: Heard): MockAnswer['toolCalls'] {
  const { said, tools, calls } = heard
  const maker = signerOf(script, heard) ?? 'mock'
  // Ids go on counting over the conversation, as no two calls of one may have the same.
  const call = (name: string, index: number, input: object = { heard: said }) => ({
    id: `call_${maker}_${calls + index}`,
    name,
    input,
  })
  if (script.type === 'structured') return heard.schema === undefined ? forcedCall(heard, call) : []
  if (heard.results !== undefined || (script.type !== 'tools' && script.type !== 'signed')) return []
  const isAll = script.type === 'tools' && script.all
  return (isAll ? tools : tools.slice(0, 1)).map(({ name }, index) => call(name, index))
}

function forcedCall(
  { tools, forced }: Heard,
  call: (name: string, index: number, input: object) => MockAnswer['toolCalls'][number],
): MockAnswer['toolCalls'] {
  if (forced === undefined) return []
  const tool = tools.find(({ name }) => forced === '' || name === forced)
  if (tool === undefined) return []
  const input = fitting(tool.schema)
  return [call(tool.name, 0, typeof input === 'object' && input !== null ? input : {})]
}

const defaultDimensions = 8
const maxDimensions = 4096

/** A vector that depends on the text alone. Its numbers are sixteenths, so that every way of writing floats keeps them. */
export function vectorOf(text: string, dimensions = defaultDimensions): readonly number[] {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return Array.from({ length: Math.min(dimensions, maxDimensions) }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return ((state >>> 8) % 33) / 16 - 1
  })
}
