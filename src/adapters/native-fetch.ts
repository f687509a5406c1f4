// The way out on Workers: the runtime resolves names and connects, and lets nobody look on.
import type { ByteSource, Fetch } from '../ports/index.ts'

/** The runtime's fetch behind the port: no redirects, pulled body, and whatever it decoded is decoded. */
export function createNativeFetch(): Fetch {
  return async (request) => {
    const controller = new AbortController()
    request.cancellation.onCancel(() => controller.abort())
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      signal: controller.signal,
      redirect: 'manual',
      ...(request.body !== undefined && { body: request.body as Uint8Array<ArrayBuffer> }),
    })
    return { status: response.status, headers: response.headers, body: pulled(response.body) }
  }
}

function pulled(stream: ReadableStream<Uint8Array> | null): ByteSource {
  const reader = stream?.getReader()
  return {
    async read() {
      while (reader !== undefined) {
        const { done, value } = await reader.read()
        if (done) return undefined
        if (value.length > 0) return value
      }
      return undefined
    },
    async cancel() {
      await reader?.cancel().catch(() => {})
    },
  }
}
