// Field bugs F: what a failure of one provider means for the next target, for breakers and for locks, through the whole
// gateway. Each name begins with the number of its case.
import { expect } from 'vitest'
import type { GenerativeId } from '../../../src/dialects/index.ts'
import { encodeEventStream } from '../../../src/wire/aws-event-stream.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import type { FetchRequest, FetchResponse } from '../../../src/ports/index.ts'
import { jsonAnswer, pieces, streamAnswer, type TestApp } from '../../support/app.ts'
import { chatAnswer } from '../../support/upstream.ts'
import { anthropicStream, chatChunk, chatStream, frame } from '../scripts.ts'
import { wires } from '../wires/index.ts'
import { adminToken, asks, fieldCases, framesIn, gateway, ingressIds, sse } from './cases.ts'

const hello = sse(chatStream([{ content: 'Hel' }, { content: 'lo' }]))
/** Stands in every event of the first target: nothing of it may reach the client. */
const mark = 'the-first-target'
const head = { id: 'resp_1', object: 'response', created_at: 1, model: mark }

/** What a provider of each wire says before it has said anything, and how it then breaks off. */
const handshakes: Readonly<Record<GenerativeId, { readonly open: readonly Frame[]; readonly faults: Faults }>> = {
  'openai-chat': {
    open: [chatChunk({ role: 'assistant', content: '' }, null, { model: mark })],
    faults: { error: [frame({ error: { message: 'it broke', type: 'server_error', code: null } })] },
  },
  'openai-completions': {
    open: [frame({ id: 'c', object: 'text_completion', created: 1, model: mark, choices: [choiceOf('')] })],
    faults: { error: [frame({ error: { message: 'it broke', type: 'server_error', code: null } })] },
  },
  // https://platform.openai.com/docs/api-reference/responses-streaming
  'openai-responses': {
    open: [
      frame(
        { type: 'response.created', sequence_number: 0, response: { ...head, status: 'in_progress', output: [] } },
        'response.created',
      ),
      frame(
        { type: 'response.in_progress', sequence_number: 1, response: { ...head, status: 'in_progress', output: [] } },
        'response.in_progress',
      ),
    ],
    faults: {
      error: [
        frame({ type: 'error', sequence_number: 2, code: 'server_error', message: 'it broke', param: null }, 'error'),
      ],
      'response.failed': [
        frame(
          {
            type: 'response.failed',
            sequence_number: 2,
            response: { ...head, status: 'failed', output: [], error: { code: 'server_error', message: 'it broke' } },
          },
          'response.failed',
        ),
      ],
    },
  },
  // https://platform.claude.com/docs/en/build-with-claude/streaming#error-events
  'anthropic-messages': {
    open: [
      ...anthropicStream([])
        .slice(0, 1)
        .map((one) => ({ ...one, data: one.data.replace('"up"', `"${mark}"`) })),
      frame({ type: 'ping' }, 'ping'),
    ],
    faults: {
      error: [frame({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error')],
    },
  },
  gemini: {
    open: [frame({ usageMetadata: { promptTokenCount: 9 }, modelVersion: mark, responseId: 'r' })],
    faults: { error: [frame({ error: { code: 503, status: 'UNAVAILABLE', message: 'it broke' } })] },
  },
  // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html
  'bedrock-converse': {
    open: [frame({ role: 'assistant', p: mark }, 'messageStart')],
    faults: {
      error: [{ kind: 'exception', event: 'internalServerException', data: JSON.stringify({ message: 'it broke' }) }],
    },
  },
}

type Faults = Readonly<Record<string, readonly Frame[]>>

function choiceOf(text: string): object {
  return { index: 0, text, finish_reason: null, logprobs: null }
}

const format = (dialect: GenerativeId): string => dialect.replaceAll('-', '_')

/** A stream of one wire: each piece as it is sent. */
function streamOf(dialect: GenerativeId, frames: readonly Frame[], end: 'close' | 'hang' = 'close'): FetchResponse {
  if (dialect !== 'bedrock-converse') return streamAnswer(sse(frames), end)
  const all = frames.map((one) => encodeEventStream([one]))
  const rest = pieces([], end)
  let next = 0
  return {
    status: 200,
    headers: new Headers({ 'content-type': 'application/vnd.amazon.eventstream' }),
    body: { ...rest, read: () => (next < all.length ? Promise.resolve(all[next++]) : rest.read()) },
  }
}

/** Client errors by their status that are none: the account is what fails. As their providers word them. */
const refusals: readonly {
  readonly name: string
  readonly dialect: GenerativeId
  readonly status: number
  readonly body: object
  readonly code: 'upstream_quota' | 'upstream_auth'
}[] = [
  {
    name: 'the credit is too low (Anthropic)',
    dialect: 'anthropic-messages',
    status: 400,
    body: anthropicError('Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.'),
    code: 'upstream_quota',
  },
  {
    name: 'the limit of the account is reached (Anthropic)',
    dialect: 'anthropic-messages',
    status: 400,
    body: anthropicError('You have reached your specified API usage limits. You will regain access on 2026-12-01.'),
    code: 'upstream_quota',
  },
  {
    name: 'the organization is disabled (Anthropic)',
    dialect: 'anthropic-messages',
    status: 400,
    body: anthropicError('This organization has been disabled.'),
    code: 'upstream_auth',
  },
  {
    name: 'billing_hard_limit_reached (OpenAI)',
    dialect: 'openai-chat',
    status: 400,
    body: { error: { message: 'Billing hard limit has been reached', type: 'x', code: 'billing_hard_limit_reached' } },
    code: 'upstream_quota',
  },
  {
    name: 'there are no credits (OpenRouter)',
    dialect: 'openai-chat',
    status: 402,
    body: { error: { message: 'Insufficient credits. Add more using https://openrouter.ai/credits', code: 402 } },
    code: 'upstream_quota',
  },
  {
    name: 'the key is wrong (xAI)',
    dialect: 'openai-chat',
    status: 400,
    body: {
      code: 'Client specified an invalid argument',
      error: 'Incorrect API key provided: sk***gA. You can obtain an API key from https://console.x.ai.',
    },
    code: 'upstream_auth',
  },
  {
    name: 'invalid_api_key',
    dialect: 'openai-responses',
    status: 400,
    body: { error: { message: 'no', type: 'invalid_request_error', code: 'invalid_api_key' } },
    code: 'upstream_auth',
  },
  {
    name: 'API_KEY_INVALID (Gemini)',
    dialect: 'gemini',
    status: 400,
    body: {
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
        details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
      },
    },
    code: 'upstream_auth',
  },
  {
    name: 'the quota of the service is used up (Bedrock)',
    dialect: 'bedrock-converse',
    status: 400,
    body: { __type: 'ServiceQuotaExceededException', message: 'no' },
    code: 'upstream_quota',
  },
]

function anthropicError(message: string): object {
  return { type: 'error', error: { type: 'invalid_request_error', message } }
}

const breaker = { failure_threshold: 3, reset_timeout_ms: 10_000 }

interface Scene {
  /** What the first target's wire is. */
  readonly dialect?: GenerativeId
  readonly accounts?: readonly string[]
  readonly route?: object
  readonly server?: object
  /** What the second provider can do. */
  readonly capabilities?: object
  readonly second?: (request: FetchRequest) => FetchResponse | Promise<FetchResponse>
}

/** A route of two targets: the first is what a case is about, the second answers. */
function pair(
  first: (request: FetchRequest) => FetchResponse | Promise<FetchResponse>,
  { dialect = 'openai-chat', accounts = ['a'], route = {}, server = {}, capabilities = {}, second }: Scene = {},
): TestApp {
  const make = (name: string, api: string, ids: readonly string[], able: object = {}): object => ({
    type: 'openai_compatible',
    capabilities: able,
    base_url: `https://${name}.example.com/v1`,
    api_formats: [api],
    accounts: ids.map((id) => ({ id, credential: id === 'a' ? 'k' : 'other' })),
  })
  return gateway(
    (request) => {
      if (request.url.startsWith('https://first.')) return first(request)
      if (second !== undefined) return second(request)
      return isStreamed(request) ? streamAnswer(hello) : jsonAnswer(chatAnswer('hello'))
    },
    {
      server,
      credentials: {
        k: { type: 'api_key', source: 'env', env: 'K' },
        other: { type: 'api_key', source: 'env', env: 'CLIENT' },
      },
      providers: {
        first: make('first', format(dialect), accounts),
        second: make('second', 'openai_chat', ['a'], capabilities),
      },
      routes: {
        both: {
          targets: [
            { name: 'first', provider: 'first', model: 'm', priority: 1 },
            { name: 'second', provider: 'second', model: 'm', priority: 2 },
          ],
          breaker,
          ...route,
        },
      },
    },
  )
}

function isStreamed({ body }: FetchRequest): boolean {
  return /"stream"\s*:\s*true/.test(new TextDecoder().decode(body))
}

function toFirst(app: TestApp): FetchRequest[] {
  return app.sent.filter(({ url }) => url.startsWith('https://first.'))
}

function ask(app: TestApp, stream = false, init: RequestInit = {}): Promise<Response> {
  return app.request('/v1/chat/completions', { ...init, json: asks('openai-chat', 'both', stream).json })
}

/** The breaker of the first target and the locks, as operators see them. */
async function known(app: TestApp) {
  const look = await app.app.operations().coordination?.look()
  if (look === undefined) throw new Error('the gateway has no coordination')
  const first = [...look.health.breakers].find(([key]) => key.includes('\u0000first\u0000'))
  return { locks: look.locks, breaker: first?.[1], loads: look.health.loads }
}

function outcomes(app: TestApp): (string | null)[][] {
  return app.traces.map(({ detail }) =>
    (JSON.parse(detail) as { attempts: { error: string | null }[] }).attempts.map(({ error }) => error),
  )
}

fieldCases('field bugs F', ({ check }) => {
  for (const client of ingressIds)
    for (const [id, { open, faults }] of Object.entries(handshakes) as [GenerativeId, Handshake][])
      for (const [name, fault] of Object.entries(faults))
        check(`T35 · ${name} after the handshake of ${id} falls back · ${client}`, [client, id], async () => {
          const app = pair(() => streamOf(id, [...open, ...fault]), { dialect: id })
          const { path, json } = asks(client, 'both')
          const response = await app.request(path, { json })
          const written = await response.text()
          const frames = framesIn(written)
          const { streams, answers } = wires[client]
          expect(response.status).toBe(200)
          expect(answers.view(streams.assemble(frames)).text).toBe('Hello')
          expect(streams.errors(frames)).toEqual([])
          expect(written).not.toContain(mark)
          expect(outcomes(app)).toEqual([[expect.stringMatching(/^upstream_/), null]])
        })

  for (const [id, { open }] of Object.entries(handshakes) as [GenerativeId, Handshake][])
    check(
      `T35 · a handshake of ${id} with nothing behind it is waited for no longer than the limit`,
      [id],
      async () => {
        const app = pair(() => streamOf(id, open, 'hang'), { dialect: id })
        let response: Response | undefined
        void ask(app, true).then((answer) => (response = answer))
        await app.clock.advance(59_000)
        expect(response).toBe(undefined)
        await app.clock.advance(2000)
        expect(await response?.text()).toContain('"lo"')
        expect(outcomes(app)).toEqual([['upstream_timeout', null]])
      },
    )

  check('T36 · of two rate limits the one that ends later holds, whichever comes last', ['openai-chat'], async () => {
    for (const waits of [
      ['600', '5'],
      ['5', '600'],
    ]) {
      const held: ((answer: FetchResponse) => void)[] = []
      const app = pair(() => new Promise((resolve) => held.push(resolve)))
      const asked = [ask(app), ask(app)]
      await app.clock.advance(1)
      for (const [index, wait] of waits.entries()) {
        held[index]?.(jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': wait }))
        await app.clock.advance(1)
      }
      for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
      const { locks } = await known(app)
      expect(locks).toHaveLength(1)
      expect((locks[0]?.until ?? 0) - app.clock.now()).toBeGreaterThan(598_000)
    }
  })

  check(
    'T36 · a target that fails 25 times in a row is left alone from the threshold on',
    ['openai-chat'],
    async () => {
      const app = pair(() => jsonAnswer({ error: { message: 'down' } }, 500))
      for (let count = 1; count <= 25; count++) {
        expect((await ask(app)).status).toBe(200)
        // Not with the next sweep of some timer: the very next request sees it.
        expect(toFirst(app)).toHaveLength(Math.min(count, breaker.failure_threshold))
      }
    },
  )

  for (const { name, dialect, status, body, code } of refusals)
    check(
      `T36 · a ${status} that says ${name} locks the account and falls back`,
      [dialect, 'openai-chat'],
      async () => {
        const app = pair(() => jsonAnswer(body, status), { dialect })
        for (let count = 0; count < 3; count++) expect((await ask(app)).status).toBe(200)
        expect(toFirst(app)).toHaveLength(1)
        const { locks, breaker: state } = await known(app)
        expect(locks).toEqual([
          expect.objectContaining({ on: 'account', provider: 'first', account: 'a', reason: code }),
        ])
        expect([state?.isOpen ?? false, state?.consecutive ?? 0]).toEqual([false, 0])
        expect(outcomes(app)[0]).toEqual([code, null])
      },
    )

  check('T36 · a 400 that only quotes the client is no reason to lock an account', ['openai-chat'], async () => {
    for (const quoted of ['Your credit balance is too low', 'Incorrect API key provided', 'billing_error']) {
      const app = pair(() =>
        jsonAnswer({ error: { type: 'invalid_request_error', message: `Invalid value: '${quoted}'` } }, 400),
      )
      expect((await ask(app)).status).toBe(400)
      expect((await known(app)).locks).toEqual([])
      expect(app.sent).toHaveLength(1)
    }
  })

  for (const stream of [false, true])
    check(`T37 · a rate limit falls back at once, stream ${stream}`, ['openai-chat'], async () => {
      const app = pair(() => jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': '30' }))
      const answer = await ask(app, stream)
      expect([answer.status, answer.headers.get('x-used-fallback')]).toEqual([200, 'true'])
      await answer.text()
      expect(outcomes(app)).toEqual([['upstream_rate_limited', null]])
    })

  check('T37 · a rate limit neither adds to the failures of a target nor wipes them out', ['openai-chat'], async () => {
    const answers = [500, 500, 429, 500]
    const app = pair(() => jsonAnswer({ error: { message: 'no' } }, answers.shift() ?? 200, { 'retry-after-ms': '10' }))
    for (let count = 0; count < 2; count++) await ask(app)
    await ask(app)
    expect((await known(app)).breaker).toMatchObject({ isOpen: false, consecutive: 2 })
    await app.clock.advance(20)
    await ask(app)
    expect((await known(app)).breaker).toMatchObject({ isOpen: true })
  })

  check('T37 · a probe that meets a rate limit is free for the next request', ['openai-chat'], async () => {
    const answers = [500, 500, 500, 429]
    const app = pair(() => {
      const status = answers.shift()
      return status === undefined
        ? jsonAnswer(chatAnswer('hello'))
        : jsonAnswer({ error: { message: 'no' } }, status, { 'retry-after-ms': '50' })
    })
    for (let count = 0; count < 3; count++) await ask(app)
    await app.clock.advance(10_001)
    await ask(app)
    expect((await known(app)).breaker).toMatchObject({ isOpen: true, probe: null })
    await app.clock.advance(60)
    const probe = await ask(app)
    expect([probe.status, probe.headers.get('x-used-fallback')]).toEqual([200, null])
    expect((await known(app)).breaker).toMatchObject({ isOpen: false })
  })

  for (const [header, value, expected] of [
    ['retry-after', '7', 7000],
    ['retry-after-ms', '2500', 2500],
    ['retry-after', '86400', 900_000],
    ['retry-after-ms', '99999999', 900_000],
  ] as const)
    check(`T37 · ${header}: ${value} keeps the account out for ${expected} ms`, ['openai-chat'], async () => {
      const app = pair(() => jsonAnswer({ error: { message: 'slow down' } }, 429, { [header]: value }))
      await ask(app)
      expect((await known(app)).locks.map(({ until }) => until - app.clock.now())).toEqual([expected])
      await app.clock.advance(expected - 1)
      await ask(app)
      expect(toFirst(app)).toHaveLength(1)
      await app.clock.advance(2)
      await ask(app)
      expect(toFirst(app)).toHaveLength(2)
    })

  const brokenOff = (): FetchResponse => streamAnswer(hello.slice(0, 2), 'break')
  /** The turns that the second target was asked to go on from. */
  const turnsOf = ({ body }: FetchRequest): { role: string; content: string }[] =>
    (JSON.parse(new TextDecoder().decode(body)) as { messages: { role: string; content: string }[] }).messages
  const said = (texts: readonly string[]): FetchResponse =>
    streamAnswer(sse(chatStream(texts.map((content) => ({ content })))))
  const noPrefill = { error: { message: 'This model does not support assistant message prefill.' } }
  const wholeText = (written: string): string => {
    const { streams, answers } = wires['openai-chat']
    expect(streams.errors(framesIn(written))).toEqual([])
    expect(written).toContain('[DONE]')
    return answers.view(streams.assemble(framesIn(written))).text
  }
  const going = (able: boolean, second: NonNullable<Scene['second']>): TestApp =>
    pair(brokenOff, {
      route: { stream_failure: 'continue' },
      capabilities: { assistant_prefill: able },
      second,
    })

  check('T38 · a fallback that can go on from a prefill does', ['openai-chat'], async () => {
    const app = going(true, () => said(['lo']))
    expect(wholeText(await (await ask(app, true)).text())).toBe('Hello')
    expect(turnsOf(app.sent[1] as FetchRequest).at(-1)).toMatchObject({ role: 'assistant', content: 'Hel' })
  })
  check(
    'T38 · a fallback that cannot go on from a prefill begins anew and is not sent one',
    ['openai-chat'],
    async () => {
      const app = going(false, () => said(['He', 'llo']))
      expect(wholeText(await (await ask(app, true)).text())).toBe('Hello')
      expect(turnsOf(app.sent[1] as FetchRequest).map(({ role }) => role)).toEqual(['user'])
    },
  )
  check('T38 · a fallback that refuses the prefill is asked without it', ['openai-chat'], async () => {
    const app = going(true, (request) =>
      turnsOf(request).at(-1)?.role === 'assistant' ? jsonAnswer(noPrefill, 400) : said(['He', 'llo']),
    )
    expect(wholeText(await (await ask(app, true)).text())).toBe('Hello')
  })
  check(
    'T38 · where nothing helps the client is told of the first failure, not of the prefill',
    ['openai-chat'],
    async () => {
      const app = going(true, () => jsonAnswer(noPrefill, 400))
      const written = await (await ask(app, true)).text()
      expect(wires['openai-chat'].streams.errors(framesIn(written))).toHaveLength(1)
      expect(written).toContain('stream_truncated')
      expect(written).not.toMatch(/prefill|\[DONE\]/)
      expect(app.traces.map(({ outcome }) => outcome)).toEqual(['truncated'])
    },
  )

  check('T39 · what is left out, why and until when can be looked up', ['openai-chat'], async () => {
    const app = pair(() => jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': '30' }))
    await ask(app)
    const response = await app.request('/health/targets', { headers: { authorization: `Bearer ${adminToken}` } })
    expect(response.status).toBe(200)
    const { targets } = (await response.json()) as { targets: object[] }
    expect(targets).toContainEqual(
      expect.objectContaining({
        route: 'both',
        target: 'first',
        usable: false,
        reason: 'account_locked',
        failure: 'upstream_rate_limited',
        until: new Date(app.clock.now() + 30_000).toISOString(),
      }),
    )
    expect(targets).toContainEqual(expect.objectContaining({ target: 'second', usable: true, reason: null }))
  })
  const limited = (ms: number) => (): FetchResponse =>
    jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after-ms': String(ms) })
  check(
    'T39 · where all are left out the first to come back is waited for, if that is soon',
    ['openai-chat'],
    async () => {
      let isWell = false
      const app = pair(limited(60_000), {
        second: () => (isWell ? jsonAnswer(chatAnswer('hello')) : limited(1000)()),
      })
      let first: Response | undefined
      void ask(app).then((response) => (first = response))
      await app.clock.advance(1)
      isWell = true
      let answer: Response | undefined
      void ask(app).then((response) => (answer = response))
      await app.clock.advance(900)
      expect(answer).toBe(undefined)
      await app.clock.advance(400)
      expect([first?.status, answer?.status, answer?.headers.get('x-used-provider')]).toEqual([
        expect.any(Number),
        200,
        'second',
      ])
    },
  )
  check('T39 · where that is not soon the client is told at once how long', ['openai-chat'], async () => {
    const app = pair(limited(600_000), { second: limited(90_000) })
    await ask(app)
    const answer = await ask(app)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '90'])
    expect(app.sent).toHaveLength(2)
  })

  for (const stream of [false, true])
    check(
      `T40 · clients that leave before the first byte are no failures, stream ${stream}`,
      ['openai-chat'],
      async () => {
        const app = pair(({ cancellation }) => {
          if (toFirst(app).length > 8) return stream ? streamAnswer(hello) : jsonAnswer(chatAnswer('hello'))
          return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
        })
        for (let count = 0; count < 8; count++) expect((await leaveEarly(app, stream)).status).toBe(499)
        const { locks, breaker: state, loads } = await known(app)
        expect([locks, state?.consecutive ?? 0, state?.isOpen ?? false, [...loads]]).toEqual([[], 0, false, []])
        expect((await ask(app, stream)).headers.get('x-used-fallback')).toBe(null)
        expect(new Set(app.traces.slice(0, 8).map(({ outcome }) => outcome))).toEqual(new Set(['cancelled']))
      },
    )

  check('T40 · clients that leave in the middle are no failures', ['openai-chat'], async () => {
    const app = pair(() => streamAnswer(hello.slice(0, 2), 'hang'))
    for (let count = 0; count < 8; count++) {
      const reader = (await ask(app, true)).body?.getReader()
      await reader?.read()
      await reader?.cancel()
    }
    const { locks, breaker: state, loads } = await known(app)
    expect([locks, state?.consecutive ?? 0, state?.isOpen ?? false, [...loads]]).toEqual([[], 0, false, []])
    expect(toFirst(app)).toHaveLength(8)
  })

  check('T40 · a probe whose client leaves is free for the next request', ['openai-chat'], async () => {
    const app = pair(({ cancellation }) => {
      const count = toFirst(app).length
      if (count <= 3) return jsonAnswer({ error: { message: 'down' } }, 500)
      if (count > 4) return jsonAnswer(chatAnswer('hello'))
      return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
    })
    for (let count = 0; count < 3; count++) await ask(app)
    await app.clock.advance(10_001)
    expect((await leaveEarly(app, false)).status).toBe(499)
    expect((await known(app)).breaker).toMatchObject({ isOpen: true, probe: null })
    expect((await ask(app)).headers.get('x-used-fallback')).toBe(null)
    expect((await known(app)).breaker).toMatchObject({ isOpen: false })
  })
})

type Handshake = (typeof handshakes)[GenerativeId]

async function leaveEarly(app: TestApp, stream: boolean): Promise<Response> {
  const leave = new AbortController()
  const asked = ask(app, stream, { signal: leave.signal })
  await app.clock.advance(1)
  leave.abort()
  return asked
}
