// A deterministic provider without a network: on every wire it echoes, streams word by word, reports usage, and fails on
// demand. What its wire would refuse, it refuses as well.
import type { Clock, Fetch, FetchRequest, FetchResponse } from '../../ports/index.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Provider } from '../provider.ts'
import { answerOf, forgedThought, tokensIn, vectorOf, words, type MockAnswer } from './answer.ts'
import { openaiFailure } from './openai-failure.ts'
import { routeOf, type MockRoute } from './routes.ts'
import { scriptOf, type Script } from './script.ts'
import { forever, streamSource, wait, wholeSource } from './source.ts'
import type { MockEmbedder, MockFailure, MockRequest } from './wire.ts'

const decoder = new TextDecoder()

/** The `mock` provider type. */
export const mock: Provider = { type: 'mock', transport: mockFetch }

interface Call {
  readonly route: MockRoute
  readonly script: Script
  readonly request: MockRequest
  readonly clock: Clock
  readonly sent: FetchRequest
}

/** The mock's transport: what it answers depends on the path (the wire) and on the model name (the script). */
function mockFetch(clock: Clock): Fetch {
  return async (sent) => {
    const route = routeOf(sent.url)
    if (route === undefined) return failed(404, openaiFailure(404, 'the mock knows no such path'))
    const parsed = sent.body === undefined ? undefined : parseJson(decoder.decode(sent.body))
    if (!isObject(parsed)) return failed(400, route.wire.failure(400, 'the body is not a JSON object'))
    const model = route.model ?? (typeof parsed['model'] === 'string' ? parsed['model'] : '')
    const script = scriptOf(model)
    if (script.type === 'stall' && script.after === 0) await forever(sent.cancellation)
    if (script.type === 'slow') await wait(clock, script.delayMs, sent.cancellation)
    return respond({ route, script, request: { model, body: parsed }, clock, sent })
  }
}

function respond(call: Call): FetchResponse {
  const { route, script, request } = call
  const { wire } = route
  if (script.type === 'status')
    return failed(script.status, wire.failure(script.status, `the mock was told to answer ${script.status}`))
  if (script.type === 'html')
    return {
      status: 200,
      headers: new Headers({ 'content-type': 'text/html' }),
      body: wholeSource('<html><body>Please log in</body></html>'),
    }
  const problem = wire.check(request)
  if (problem !== undefined) return failed(400, wire.failure(400, problem))
  if (route.task === 'generate') return generate(call, route)
  if (isBroken(script)) return failed(200, wire.failure(500, 'the mock was told to fail'))
  return json(
    route.task === 'embed' ? embed(route.wire, request) : route.wire.count(tokensIn(route.wire.hear(request))),
  )
}

function generate(call: Call, { wire, stream }: MockRoute & { task: 'generate' }): FetchResponse {
  const { script, request, clock, sent } = call
  const heard = wire.hear(request)
  const forged = forgedThought(script, heard)
  if (forged !== undefined) return failed(400, wire.failure(400, forged))
  const answer: MockAnswer = answerOf(script, heard, request.model)
  if (!(stream ?? request.body['stream'] === true))
    return isBroken(script)
      ? failed(200, wire.failure(500, 'the mock was told to fail'))
      : json(wire.json(answer, request))
  const events = wire.stream(answer, request)
  return {
    status: 200,
    headers: new Headers({ 'content-type': events.contentType }),
    body: streamSource(events, script, clock, sent.cancellation),
  }
}

function embed(wire: MockEmbedder, request: MockRequest): object {
  const inputs = wire.inputs(request)
  const vectors = inputs.map((input) => vectorOf(input, wire.dimensions(request)))
  return wire.json(vectors, inputs.flatMap(words).length, request)
}

/** Scripts that break a stream have nothing to break in a whole answer: there they hide an error in it. */
function isBroken({ type }: Script): boolean {
  return type === 'error' || type === 'cut' || type === 'reset'
}

function json(value: object): FetchResponse {
  return {
    status: 200,
    headers: new Headers({ 'content-type': 'application/json' }),
    body: wholeSource(JSON.stringify(value)),
  }
}

function failed(status: number, { headers, body }: MockFailure): FetchResponse {
  const mustWait = status === 429 || status === 503 || status === 529
  return {
    status,
    headers: new Headers({
      'content-type': 'application/json',
      ...(mustWait && headers === undefined && { 'retry-after': '1' }),
      ...headers,
    }),
    body: wholeSource(JSON.stringify(body)),
  }
}
