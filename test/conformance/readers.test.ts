// Layer 0: the suite itself. What its readers make of a recording is what the official SDKs make of it, its rules hold
// for what the owner of a wire sends and its gates for what the owner takes. Nothing of the code under test is asked.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import { framesOf, jsonOf, recordings, type Recording } from '../support/corpus.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { brokenStream } from './corpus-cases.ts'
import { layer } from './layer.ts'
import { wires } from './wires/index.ts'

const owners: Readonly<Record<GenerativeId, string>> = {
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  'openai-completions': 'openai',
  'anthropic-messages': 'anthropic',
  gemini: 'google',
  'bedrock-converse': 'bedrock',
}

function ofOwner({ dialect, provider, status, task, folder }: Recording): boolean {
  return owners[dialect] === provider && status === 200 && task === 'generate' && folder !== 'openai-compatible-quirks'
}

layer('readers', ({ check, skip }) => {
  for (const recording of recordings().filter(({ role, format }) => role === 'response' && format !== 'json')) {
    const { file, dialect } = recording
    const { streams, answers } = wires[dialect]
    check(`a stream means what the official SDK makes of it · ${file}`, recording, async () => {
      const frames = framesOf(recording)
      const folded = await sdkFold(dialect, frames)
      if (!folded.ok) throw new Error(`the SDK rejects the recording: ${folded.error}`)
      // That fold keeps only the last fragment of members it does not know.
      const { reasoning: _fragment, ...expected } = answers.view(folded.value)
      expect(answers.view(streams.assemble(frames))).toMatchObject(expected)
    })
    if (!ofOwner(recording)) continue
    const broken = brokenStream({ frames: framesOf(recording), body: streams.assemble(framesOf(recording)) })
    if (broken !== undefined) skip(`the rules hold · ${file}`, recording, broken)
    else
      check(`the rules hold · ${file}`, recording, () => {
        expect(streams.problems(framesOf(recording), true)).toEqual([])
        expect(streams.isFinished(framesOf(recording))).toBe(true)
        expect(streams.errors(framesOf(recording))).toEqual([])
      })
  }
  for (const recording of recordings().filter((entry) => entry.role === 'request' && ofOwner(entry))) {
    const { file, dialect } = recording
    const { normalise, schemaErrors, view } = wires[dialect].requests
    check(`the gate takes it · ${file}`, recording, () => {
      const body = normalise(jsonOf(recording))
      const named = dialect.startsWith('openai') || dialect === 'anthropic-messages' ? { model: 'm' } : {}
      expect(schemaErrors({ ...named, ...body }, true)).toEqual([])
      expect(view(jsonOf(recording)).length).toBeGreaterThan(0)
    })
  }
})
