// The models that the mock says it has: what they do stands where vendors have a model's name.
import type { OwnModel } from '../provider.ts'
import { faults } from './faults.ts'

const usual: readonly OwnModel[] = [
  { id: 'echo', displayName: 'repeats what was said' },
  { id: 'thinking', displayName: 'thinks before it answers' },
  { id: 'tool', displayName: 'calls the first tool on offer' },
  { id: 'tools', displayName: 'calls all tools on offer' },
  { id: 'signed', displayName: 'signs its thoughts, and wants them back' },
  { id: 'structured', displayName: 'answers JSON that fits the schema' },
  { id: 'refusal', displayName: 'refuses to answer' },
  { id: 'slow-50', displayName: 'waits 50 ms before each event; any number' },
]

/** All of them; of a family with numbers, one. */
export const mockModels: readonly OwnModel[] = [
  ...usual,
  ...faults.map(({ model, row, does }) => ({ id: model, displayName: `${row}: ${does}` })),
]
