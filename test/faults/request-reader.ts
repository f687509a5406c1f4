// HTTP/1.1 requests out of a connection's bytes, without a library that would answer for us.

/** A request as it stood on the wire. */
export interface RawRequest {
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Cuts the bytes of one connection into requests; the next one waits until the one before it was served. */
export function createRequestReader(serve: (request: RawRequest) => Promise<void>): (chunk: Buffer) => void {
  let unread = Buffer.alloc(0)
  let serving = false
  const advance = (): void => {
    if (serving) return
    const cut = requestIn(unread)
    if (cut === undefined) return
    unread = unread.subarray(cut.length)
    serving = true
    void serve(cut.request).finally(() => {
      serving = false
      advance()
    })
  }
  return (chunk) => {
    unread = Buffer.concat([unread, chunk])
    advance()
  }
}

function requestIn(bytes: Buffer): { readonly request: RawRequest; readonly length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const target = first.split(' ')[1] ?? ''
  const body =
    headers['transfer-encoding'] === undefined ? countedBody(bytes, end + 4, headers) : chunks(bytes, end + 4)
  return body && { request: { target, headers, body: body.text }, length: body.end }
}

interface Cut {
  readonly text: string
  readonly end: number
}

function countedBody(bytes: Buffer, start: number, headers: Readonly<Record<string, string>>): Cut | undefined {
  const end = start + Number(headers['content-length'] ?? 0)
  return bytes.length < end ? undefined : { text: bytes.subarray(start, end).toString(), end }
}

// https://www.rfc-editor.org/rfc/rfc9112#section-7.1
function chunks(bytes: Buffer, start: number): Cut | undefined {
  const parts: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    const next = lineEnd + 2 + size + 2
    if (bytes.length < next) return undefined
    if (size === 0) return { text: Buffer.concat(parts).toString(), end: next }
    parts.push(bytes.subarray(lineEnd + 2, next - 2))
    at = next
  }
}
