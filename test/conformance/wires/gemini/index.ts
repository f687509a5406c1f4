// Gemini as the suite knows it.
import type { Wire } from '../wire.ts'
import { answers } from './answer.ts'
import { requests } from './request.ts'
import { streams } from './stream.ts'

export const gemini: Wire = { id: 'gemini', answers, streams, requests }
