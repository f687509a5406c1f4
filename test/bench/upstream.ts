// The provider of the benchmark: answers from memory, as cheaply as Node can, so that the gateway is what is measured.
// Models: `plain` (2 KB of JSON), `merged` (200 events at once), `paced` (200 events, 5 ms apart).
import { createServer, type ServerResponse } from 'node:http'

export const eventsPerStream = 200
export const pacingMs = 5

const text = 'x'.repeat(2000)
const chatJson = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'plain',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 250, completion_tokens: 500, total_tokens: 750 },
})
const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'paced' }
const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const event = chunk({ content: 'some words here ' }, null)
const opening = chunk({ role: 'assistant', content: '' }, null)
const usage = { prompt_tokens: 250, completion_tokens: 800, total_tokens: 1050 }
const closing = `${chunk({}, 'stop')}data: ${JSON.stringify({ ...head, choices: [], usage })}\n\ndata: [DONE]\n\n`

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (piece: string) => (body += piece))
  request.on('end', () => {
    if (body.includes('"paced"')) return paced(response)
    if (body.includes('"merged"')) return merged(response)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': chatJson.length })
    return response.end(chatJson)
  })
})

function merged(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(opening)
  for (let i = 0; i < eventsPerStream; i++) response.write(event)
  response.end(closing)
}

function paced(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(opening)
  let sent = 0
  const timer = setInterval(() => {
    if (sent++ < eventsPerStream) return void response.write(event)
    clearInterval(timer)
    response.end(closing)
  }, pacingMs)
  response.on('close', () => clearInterval(timer))
}

/** Starts it on a free port of loopback; resolves with that port. */
export function startBenchUpstream(): Promise<number> {
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
