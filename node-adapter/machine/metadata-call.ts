// One call to the machine's own services: link-local or loopback, never through a proxy, never the providers' way out.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** How long a service of the machine may take to answer, in milliseconds. It is one hop away, or not there. */
export const metadataTimeoutMs = 2_000
/** The largest answer that is read. */
export const maxMetadataBytes = 128 * 1024

export interface MetadataCall {
  readonly method: 'GET' | 'PUT'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

export interface MetadataAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** The answer, whatever its status; undefined where nobody answers in time, or too much. Follows no redirect. */
export function callMetadata(call: MetadataCall): Promise<MetadataAnswer | undefined> {
  const send = call.url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    const request = send(call.url, { method: call.method, headers: { ...call.headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxMetadataBytes) end(undefined)
        else chunks.push(chunk)
      })
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        end({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
      response.on('error', () => end(undefined))
    })
    const timer = setTimeout(() => end(undefined), metadataTimeoutMs)
    function end(answer: MetadataAnswer | undefined): void {
      clearTimeout(timer)
      resolve(answer)
      request.destroy()
    }
    request.on('error', () => end(undefined))
    request.end(call.method === 'PUT' ? '' : undefined)
  })
}

/** Reads a variable of this process, or of a `.env` file where the caller has one. */
export type Variable = (name: string) => string | undefined

/** The variables of this process. */
export const processVariable: Variable = (name) => process.env[name]

/** A variable's text; empty where it is not set. */
export function textOf(variable: Variable, name: string): string {
  return variable(name)?.trim() ?? ''
}
