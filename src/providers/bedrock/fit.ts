// A request as its model's family takes it: parameters that the family lacks are left out, or brought near, with a loss;
// content that it lacks is refused by its place, as no answer would be to what was asked.
import { clientPaths } from '../../ir/client-paths.ts'
import type { ContentPart, TextPart } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest, Sampling, Turn } from '../../ir/request.ts'
import type { FittedRequest } from '../provider.ts'
import { limitsOf, type FamilyLimits } from './families.ts'

/** Fits a request to a model of Bedrock. Fails with `unsupported_content` where something in it cannot be left out. */
export function fitToFamily(request: IrRequest, model: string): Outcome<FittedRequest> {
  const limits = limitsOf(model)
  if (limits === undefined) return ok({ request, losses: [] })
  const refusal = refusalOf(request, limits)
  if (refusal !== undefined) return refusal
  const losses: Loss[] = []
  const steps = [fitSystem, fitToolChoice, fitStream, fitSampling]
  const fitted = steps.reduce((draft, step) => step(draft, limits, losses), request)
  return ok({ request: fitted, losses })
}

type Step = (request: IrRequest, limits: FamilyLimits, losses: Loss[]) => IrRequest

function refusalOf(request: IrRequest, limits: FamilyLimits): Outcome<never> | undefined {
  const { tools, turns } = request
  if (limits.tools === false) {
    const tool = tools[0] ?? partIn(turns, (part) => part.type === 'tool-call' || part.type === 'tool-result')
    if (tool !== undefined) return refuse(tool.at ?? 'tools', `${limits.name} takes no tools on Bedrock`)
  }
  const image = limits.images === false ? partIn(turns, ({ type }) => type === 'image') : undefined
  if (image !== undefined) return refuse(image.at ?? 'messages', `${limits.name} takes no images on Bedrock`)
  const file = limits.documents === false ? partIn(turns, ({ type }) => type === 'file') : undefined
  return file && refuse(file.at ?? 'messages', `${limits.name} takes no documents on Bedrock`)
}

function refuse(param: string, reason: string): Outcome<never> {
  return failed('unsupported_content', { param, message: `${param}: ${reason}` })
}

function partIn(turns: readonly Turn[], wanted: (part: ContentPart) => boolean): ContentPart | undefined {
  for (const { parts } of turns)
    for (const part of parts) {
      if (wanted(part)) return part
      const inner = part.type === 'tool-result' ? part.parts.find(wanted) : undefined
      if (inner !== undefined) return { ...inner, at: inner.at ?? part.at ?? 'messages' }
    }
  return undefined
}

/** Where there is no place for instructions, they stand before what the user says first. */
const fitSystem: Step = (request, limits, losses) => {
  const texts = request.instructions.filter((part): part is TextPart => part.type === 'text' && part.text.trim() !== '')
  if (limits.system !== false || texts.length === 0) return request
  for (const part of texts)
    losses.push(
      approximated(part.at ?? 'system', `${limits.name} has no system prompt: it stands before the first turn`),
    )
  const parts = texts.map(({ text }): TextPart => ({ type: 'text', text }))
  const [first, ...rest] = request.turns
  const turns: readonly Turn[] =
    first?.role === 'user'
      ? [{ ...first, parts: [...parts, ...first.parts] }, ...rest]
      : [{ role: 'user', parts }, ...request.turns]
  return { ...request, instructions: [], turns }
}

/** `auto` is what happens where nothing is said, so nothing is said where it is all there is. */
const fitToolChoice: Step = (request, { name, toolChoices = 'all' }, losses) => {
  const { toolChoice, tools } = request
  if (toolChoice === undefined || toolChoices === 'all' || tools.length === 0) return request
  const path = clientPaths(request).toolChoice
  switch (toolChoice.mode) {
    case 'auto':
      return toolChoices === 'auto' ? withoutChoice(request) : request
    case 'required':
      if (toolChoices === 'any') return request
      losses.push(approximated(path, `${name} cannot be made to call a tool`))
      return withoutChoice(request)
    case 'tool':
      losses.push(approximated(path, `${name} cannot be made to call this tool`))
      return toolChoices === 'any' ? { ...request, toolChoice: { mode: 'required' } } : withoutChoice(request)
    case 'none':
    case 'opaque':
      return request
  }
}

/** A whole answer becomes a stream on its way to the client. */
const fitStream: Step = (request, { name, streams, streamsTools }, losses) => {
  const isWhole = streams === false || (streamsTools === false && request.tools.length > 0)
  if (!request.stream || !isWhole) return request
  const what = streams === false ? 'nothing' : 'no tool calls'
  losses.push(approximated('stream', `${name} streams ${what}: the answer comes in one piece`))
  return { ...request, stream: false }
}

const fitSampling: Step = (request, { name, maxStops, maxOutputTokens: limit, samples }, losses) => {
  const { stop, maxOutputTokens } = request.sampling
  const paths = clientPaths(request)
  let sampling = samples === false ? withoutChance(request, name, losses) : request.sampling
  if (maxStops !== undefined && stop !== undefined && stop.length > maxStops) {
    const { stop: _stop, ...rest } = sampling
    const reason = maxStops === 0 ? `${name} takes no stop sequences` : `${name} takes at most ${maxStops}`
    losses.push({ path: paths.stop, action: 'dropped', reason })
    sampling = maxStops === 0 ? rest : { ...rest, stop: stop.slice(0, maxStops) }
  }
  if (limit !== undefined && maxOutputTokens !== undefined && maxOutputTokens > limit) {
    losses.push(approximated(paths.maxOutputTokens, `${name} writes at most ${limit} tokens`))
    sampling = { ...sampling, maxOutputTokens: limit }
  }
  return { ...request, sampling }
}

/** A default is what happens anyway, so nothing is lost with it. */
function withoutChance(request: IrRequest, name: string, losses: Loss[]): Sampling {
  const { temperature, topP, topK, ...rest } = request.sampling
  const paths = clientPaths(request)
  const drop = (path: string): void =>
    void losses.push({ path, action: 'dropped', reason: `${name} does not let its sampling be set` })
  if (temperature !== undefined && temperature !== 1) drop(paths.temperature)
  if (topP !== undefined && topP !== 1) drop(paths.topP)
  if (topK !== undefined) drop(paths.topK)
  return rest
}

function approximated(path: string, reason: string): Loss {
  return { path, action: 'approximated', reason }
}

function withoutChoice(request: IrRequest): IrRequest {
  const { toolChoice: _left, ...rest } = request
  return rest
}
