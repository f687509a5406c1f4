// A deterministic provider without a network: on every wire it echoes, streams word by word, reports usage, and fails on
// demand. What its wire would refuse, it refuses as well.
import type { Clock, Fetch, FetchRequest, FetchResponse } from '../../ports/index.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Provider, TransportPorts } from '../provider.ts'
import { answerOf, forgedThought, tokensIn, vectorOf, words, type MockAnswer } from './answer.ts'
import { drawnScript, foreignHeaders, keyIn, refusal, unreachable } from './failing.ts'
import { faultOf } from './faults.ts'
import { mockModels } from './models.ts'
import { openaiFailure } from './openai-failure.ts'
import { brokenPlan, streamPlan, wholePlan, type BodyPlan } from './plan.ts'
import { routeOf, type MockRoute } from './routes.ts'
import { scriptOf, type Script } from './script.ts'
import { forever, sourceOf, wait } from './source.ts'
import type { MockEmbedder, MockFailure, MockRequest } from './wire.ts'

const decoder = new TextDecoder()
const jsonType = 'application/json'

/** The `mock` provider type. */
export const mock: Provider = { type: 'mock', transport: mockFetch, models: () => mockModels }

interface Call {
  readonly route: MockRoute
  readonly script: Script
  readonly request: MockRequest
  readonly clock: Clock
  readonly sent: FetchRequest
}

/** The mock's transport: what it answers depends on the path (the wire) and on the model name (the script). */
function mockFetch(ports: TransportPorts): Fetch {
  const { clock } = ports
  return async (sent) => {
    const route = routeOf(sent.url)
    const whole = (status: number, failure: MockFailure): FetchResponse => failed({ status, failure, clock, sent })
    if (route === undefined) return whole(404, openaiFailure(404, 'the mock knows no such path'))
    const parsed = sent.body === undefined ? undefined : parseJson(decoder.decode(sent.body))
    if (!isObject(parsed)) return whole(400, route.wire.failure(400, 'the body is not a JSON object'))
    const model = route.model ?? (typeof parsed['model'] === 'string' ? parsed['model'] : '')
    const script = drawnScript(faultOf(model) ?? scriptOf(model), `${sent.url} ${model}`, ports)
    if (script.type === 'unreachable') throw await unreachable(script, clock, sent)
    if (script.type === 'stall' && script.after === 0) await forever(sent.cancellation)
    if (script.type === 'slow') await wait(clock, script.delayMs, sent.cancellation)
    return respond({ route, script, request: { model, body: parsed }, clock, sent })
  }
}

function respond(call: Call): FetchResponse {
  const { route, script, request, clock, sent } = call
  const { wire } = route
  const refused = (status: number, message: string): FetchResponse =>
    failed({ status, failure: wire.failure(status, message), clock, sent })
  switch (script.type) {
    case 'status':
      return failed({ ...refusal(script, wire), clock, sent })
    case 'unknown':
      return refused(404, `the mock has no model ${request.model}: "provider models" lists its faults`)
    case 'telltale':
      return refused(400, `the mock was told to repeat the key ${keyIn(sent)}`)
    case 'redirect':
      return { ...answered(call, 'text/plain', wholePlan('moved')), status: 307, headers: redirection }
    case 'html':
      return answered(call, 'text/html', wholePlan('<html><body>Please log in</body></html>'))
    case 'no-body':
      return answered(call, jsonType, wholePlan(''))
    default:
      break
  }
  const problem = wire.check(request)
  if (problem !== undefined) return refused(400, problem)
  if (route.task === 'generate') return generate(call, route)
  return whole(
    call,
    route.task === 'embed' ? embed(route.wire, request) : route.wire.count(tokensIn(route.wire.hear(request))),
  )
}

const redirection = new Headers({ location: 'https://elsewhere.invalid/' })

function generate(call: Call, { wire, stream }: MockRoute & { task: 'generate' }): FetchResponse {
  const { script, request, clock, sent } = call
  const heard = wire.hear(request)
  const forged = forgedThought(script, heard)
  if (forged !== undefined) return failed({ status: 400, failure: wire.failure(400, forged), clock, sent })
  const answer: MockAnswer = answerOf(script, heard, request.model)
  const isWanted = stream ?? request.body['stream'] === true
  if (isWanted === (script.type === 'swapped')) return whole(call, wire.json(answer, request))
  const events = wire.stream(answer, request)
  return answered(call, events.contentType, streamPlan(script, events))
}

function embed(wire: MockEmbedder, request: MockRequest): object {
  const inputs = wire.inputs(request)
  const vectors = inputs.map((input) => vectorOf(input, wire.dimensions(request)))
  return wire.json(vectors, inputs.flatMap(words).length, request)
}

/** A whole answer, or what the script makes of it. An error in the middle has no place in one: there it is all there is. */
function whole(call: Call, value: object): FetchResponse {
  const { script, route, clock, sent } = call
  if (script.type === 'error')
    return failed({ status: 200, failure: route.wire.failure(500, 'the mock was told to fail'), clock, sent })
  return answered(call, jsonType, brokenPlan(script, JSON.stringify(value)))
}

function answered({ script, clock, sent }: Call, contentType: string, plan: BodyPlan): FetchResponse {
  return {
    status: 200,
    headers: new Headers({ 'content-type': contentType, ...(script.type === 'headers' && foreignHeaders) }),
    body: sourceOf(plan, clock, sent.cancellation),
  }
}

interface Failing {
  readonly status: number
  readonly failure: MockFailure
  readonly clock: Clock
  readonly sent: FetchRequest
}

function failed({ status, failure: { headers, body }, clock, sent }: Failing): FetchResponse {
  return {
    status,
    headers: new Headers({ 'content-type': jsonType, ...headers }),
    body: sourceOf(wholePlan(JSON.stringify(body)), clock, sent.cancellation),
  }
}
