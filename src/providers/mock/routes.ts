// Which wire a path is of, and what is asked on it.
import { messagesCounter, messagesWire } from './anthropic-messages.ts'
import { converseCounter, converseWire } from './bedrock-converse.ts'
import { geminiArrayWire, geminiCounter, geminiEmbedder, geminiWire } from './gemini.ts'
import { chatWire } from './openai-chat.ts'
import { completionsWire } from './openai-completions.ts'
import { embeddingsWire } from './openai-embeddings.ts'
import { responsesCounter, responsesWire } from './openai-responses.ts'
import type { MockCounter, MockEmbedder, MockWire } from './wire.ts'

/** What is asked. `stream` is absent where the body says it; `model` where the body names it. */
export type MockRoute =
  | { readonly task: 'generate'; readonly wire: MockWire; readonly stream?: boolean; readonly model?: string }
  | { readonly task: 'count-tokens'; readonly wire: MockCounter; readonly model?: string }
  | { readonly task: 'embed'; readonly wire: MockEmbedder; readonly model?: string }

const fixed: readonly (readonly [end: string, route: MockRoute])[] = [
  ['/chat/completions', { task: 'generate', wire: chatWire }],
  ['/completions', { task: 'generate', wire: completionsWire }],
  ['/embeddings', { task: 'embed', wire: embeddingsWire }],
  ['/responses', { task: 'generate', wire: responsesWire }],
  ['/responses/input_tokens', { task: 'count-tokens', wire: responsesCounter }],
  ['/messages', { task: 'generate', wire: messagesWire }],
  ['/messages/count_tokens', { task: 'count-tokens', wire: messagesCounter }],
]

const geminiPath = /\/(?:models|tunedModels)\/([^/]+):(\w+)$/
const bedrockPath = /\/model\/([^/]+)\/(converse|converse-stream|count-tokens)$/

/** The route of a URL; undefined for a path that no wire has. */
export function routeOf(url: string): MockRoute | undefined {
  const [path = '', query = ''] = url.split('?')
  const gemini = geminiPath.exec(path)
  if (gemini !== null) return geminiRoute(gemini[2] ?? '', decoded(gemini[1]), new URLSearchParams(query))
  const bedrock = bedrockPath.exec(path)
  if (bedrock !== null) return bedrockRoute(bedrock[2] ?? '', decoded(bedrock[1]))
  return fixed.find(([end]) => path.endsWith(end))?.[1]
}

function geminiRoute(action: string, model: string, query: URLSearchParams): MockRoute | undefined {
  switch (action) {
    case 'generateContent':
      return { task: 'generate', wire: geminiWire, stream: false, model }
    case 'streamGenerateContent':
      return { task: 'generate', wire: query.get('alt') === 'sse' ? geminiWire : geminiArrayWire, stream: true, model }
    case 'countTokens':
      return { task: 'count-tokens', wire: geminiCounter, model }
    case 'embedContent':
    case 'batchEmbedContents':
      return { task: 'embed', wire: geminiEmbedder, model }
    default:
      return undefined
  }
}

function bedrockRoute(action: string, model: string): MockRoute {
  if (action === 'count-tokens') return { task: 'count-tokens', wire: converseCounter, model }
  return { task: 'generate', wire: converseWire, stream: action === 'converse-stream', model }
}

function decoded(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '')
  } catch {
    return segment ?? ''
  }
}
