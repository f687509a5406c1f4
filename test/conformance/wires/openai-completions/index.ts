// OpenAI's legacy completions as the suite knows them.
import type { Wire } from '../wire.ts'
import { answers } from './answer.ts'
import { requests } from './request.ts'
import { streams } from './stream.ts'

export const openaiCompletions: Wire = { id: 'openai-completions', answers, streams, requests }
