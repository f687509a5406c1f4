// `generationConfig`: sampling, the output format and thinking, for a request of this wire and for a foreign one.
// https://ai.google.dev/api/generate-content#generationconfig
import type { IrRequest, OutputFormat, Sampling } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { reasoningPath } from '../kit/client-paths.ts'
import type { Ledger } from '../kit/ledger.ts'
import { present } from '../kit/present.ts'
import { compileSchema } from './compile-schema.ts'
import { asideOf, type Members } from './extras.ts'
import { planThinking } from './thinking.ts'

/** Gemini takes five stop sequences. */
const maxStops = 5

/** The members of a request of this wire that have a canonical name. */
export function encodeOwnGeneration(request: IrRequest): Members {
  return {
    ...encodeSampling(request.sampling),
    ...present({ candidateCount: request.choices, thinkingConfig: asideOf(request.reasoning?.extras).thinking }),
    ...asideOf(request.extras).output,
  }
}

function encodeSampling(sampling: Sampling): Members {
  const { maxOutputTokens, temperature, topP, topK, stop, seed, frequencyPenalty, presencePenalty } = sampling
  return present({
    maxOutputTokens,
    temperature,
    topP,
    topK,
    stopSequences: stop,
    seed,
    frequencyPenalty,
    presencePenalty,
  })
}

/** The whole of a foreign request's; what the wire cannot say is reported. */
export function encodeForeignGeneration(request: IrRequest, model: string, ledger: Ledger): Members {
  return {
    ...encodeSampling(limitSampling(request.sampling, ledger)),
    ...present({
      candidateCount: request.choices === 1 ? undefined : request.choices,
      thinkingConfig: encodeThinking(request, model, ledger),
    }),
    ...encodeOutput(request.output, ledger),
  }
}

function limitSampling(sampling: Sampling, ledger: Ledger): Sampling {
  const { stop, seed, ...rest } = sampling
  const stops = stop?.filter((sequence) => sequence !== '') ?? []
  if (stops.length > maxStops)
    ledger.drop(ledger.paths.stop, `the wire takes ${maxStops} stop sequences, the others were left out`)
  // The field has 32 bits.
  const fits = seed === undefined || (Number.isInteger(seed) && (seed | 0) === seed)
  if (!fits) ledger.drop(ledger.paths.seed, 'a seed beyond 32 bits')
  return {
    ...rest,
    ...(fits && present({ seed })),
    ...(stops.length > 0 && { stop: stops.slice(0, maxStops) }),
  }
}

function encodeThinking(request: IrRequest, model: string, ledger: Ledger): Members | undefined {
  const { paths } = ledger
  const { config, loss } = planThinking(request.reasoning, model)
  if (loss !== undefined) {
    const path = reasoningPath(request.reasoning ?? {}, paths)
    if (loss.action === 'dropped') ledger.drop(path, loss.reason)
    else ledger.approximate(path, loss.reason)
  }
  ledger.dropExtras(request.reasoning?.extras, paths.reasoning)
  return config
}

function encodeOutput(output: OutputFormat | undefined, ledger: Ledger): Members {
  switch (output?.type) {
    case undefined:
    case 'text':
      return {}
    case 'json-object':
      return { responseMimeType: 'application/json' }
    case 'json-schema':
      return { responseMimeType: 'application/json', ...encodeOutputSchema(output, ledger) }
  }
}

function encodeOutputSchema({ schema, description }: OutputFormat & { type: 'json-schema' }, ledger: Ledger): Members {
  if (!isObject(schema)) return {}
  const compiled = compileSchema(schema, ledger.paths.outputSchema, ledger)
  if (description === undefined) return { responseJsonSchema: compiled }
  // A format has no description of its own; the schema is the next thing that has.
  if (!('description' in compiled)) {
    ledger.approximate(ledger.paths.outputDescription, 'it describes the schema instead')
    return { responseJsonSchema: { ...compiled, description } }
  }
  ledger.drop(ledger.paths.outputDescription, 'only the schema is described here, and it has words of its own')
  return { responseJsonSchema: compiled }
}
