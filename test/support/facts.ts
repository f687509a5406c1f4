import type { RequestFacts } from '../../src/ir/facts.ts'

/** The facts of a request that asks for nothing in particular, with what a test wants said differently. */
export function plainFacts(said: Partial<RequestFacts> = {}): RequestFacts {
  return {
    task: 'generate',
    dialect: 'openai-chat',
    model: 'model-of-the-client',
    stream: false,
    wantsUsage: false,
    needsTools: false,
    needsImages: false,
    needsAudio: false,
    needsFiles: false,
    needsSchema: false,
    needsReasoning: false,
    choices: 1,
    approxInputTokens: 10,
    ...said,
  }
}
