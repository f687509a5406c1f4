// The bare limits that the gateway is measured against: Hono and its Node server around nothing but a forwarded request.
// `dispatch` hands the provider's body over from undici's dispatcher; `global` uses the runtime's fetch.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Agent } from 'undici'

const [mode, upstream] = process.argv.slice(2)
if (upstream === undefined) throw new Error('usage: baseline.ts dispatch|global URL')
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, allowH2: false })
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench', 'accept-encoding': 'identity' }

function viaDispatch(body: Uint8Array, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined
    let closed = false
    agent.dispatch(
      { origin: upstream ?? '', path: '/v1/chat/completions', method: 'POST', headers, body },
      {
        onRequestStart(controller) {
          stop = () => controller.abort(new Error('cancelled'))
          signal.addEventListener('abort', stop)
        },
        onResponseStart(controller, status, received) {
          const stream = new ReadableStream<Uint8Array>(
            {
              start: (made) => void (sink = made),
              pull: () => controller.resume(),
              cancel() {
                closed = true
                stop?.()
              },
            },
            { highWaterMark: 64 * 1024, size: (chunk) => chunk?.length ?? 0 },
          )
          resolve(new Response(stream, { status, headers: { 'content-type': String(received['content-type']) } }))
        },
        onResponseData(controller, chunk) {
          if (chunk.length === 0 || closed) return
          sink?.enqueue(chunk)
          if ((sink?.desiredSize ?? 1) <= 0) controller.pause()
        },
        onResponseEnd() {
          closed = true
          if (stop !== undefined) signal.removeEventListener('abort', stop)
          sink?.close()
        },
        onResponseError(_controller, error) {
          if (!closed) sink?.error(error)
          closed = true
          reject(error)
        },
      },
    )
  })
}

const app = new Hono()
app.post('/v1/chat/completions', async (c) => {
  const body = new Uint8Array(await c.req.raw.arrayBuffer())
  const { signal } = c.req.raw
  if (mode === 'dispatch') return viaDispatch(body, signal)
  const response = await fetch(`${upstream}/v1/chat/completions`, { method: 'POST', headers, body, signal })
  return new Response(response.body, {
    status: response.status,
    headers: { 'content-type': response.headers.get('content-type') ?? '' },
  })
})
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`)
})
