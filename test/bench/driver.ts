// The load of the benchmark, in a process of its own together with the provider: it takes workloads from its parent,
// runs them against a URL, and reports what it saw.
import { Agent, request as httpRequest } from 'node:http'
import { eventsPerStream, startBenchUpstream } from './upstream.ts'

export interface Workload {
  readonly url: string
  readonly path: string
  readonly key: string
  readonly model: 'plain' | 'merged' | 'paced'
  readonly concurrency: number
  readonly requests: number
  /** Bytes of the request body, about. */
  readonly size: number
}

export interface Report {
  readonly requests: number
  readonly events: number
  readonly errors: number
  readonly elapsedMs: number
  /** Milliseconds to the first byte of the body. */
  readonly ttftP50: number
  readonly ttftP99: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 10_000, scheduling: 'lifo' })

function bodyOf(load: Workload): string {
  const padding = 'word '.repeat(Math.max(1, Math.floor((load.size - 200) / 5)))
  const fields = { model: load.model, max_tokens: 1000, ...(load.model !== 'plain' && { stream: true }) }
  const usage =
    load.path.endsWith('/chat/completions') && load.model !== 'plain' ? { stream_options: { include_usage: true } } : {}
  return JSON.stringify({ ...fields, ...usage, messages: [{ role: 'user', content: padding }] })
}

async function run(load: Workload): Promise<Report> {
  const body = bodyOf(load)
  const ttft: number[] = []
  let left = load.requests
  let errors = 0
  const began = performance.now()
  async function worker(): Promise<void> {
    while (left-- > 0) await one(load, body, ttft).catch(() => errors++)
  }
  await Promise.all(Array.from({ length: load.concurrency }, worker))
  ttft.sort((a, b) => a - b)
  return {
    requests: load.requests,
    events: load.model === 'plain' ? 0 : load.requests * eventsPerStream,
    errors,
    elapsedMs: performance.now() - began,
    ttftP50: ttft[Math.floor(ttft.length / 2)] ?? 0,
    ttftP99: ttft[Math.floor(ttft.length * 0.99)] ?? 0,
  }
}

function one(load: Workload, body: string, ttft: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let first = true
    const sent = httpRequest(load.url + load.path, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${load.key}`,
        'content-length': body.length,
      },
    })
    sent.on('response', (response) => {
      let tail = ''
      response.on('data', (chunk: Buffer) => {
        if (first) ttft.push(performance.now() - began)
        first = false
        tail = chunk.toString('latin1').slice(-200)
      })
      response.on('end', () => {
        const whole = load.model === 'plain' ? tail.endsWith('}') : /\[DONE\]|message_stop/.test(tail)
        if (response.statusCode === 200 && whole) resolve()
        else reject(new Error(`status ${response.statusCode}`))
      })
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const port = await startBenchUpstream()
process.send?.({ port })
process.on('message', (load: Workload) => {
  void run(load).then((report) => process.send?.({ report }))
})
