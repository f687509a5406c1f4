// One call of one operation on a running gateway. Only node: modules, and no port that a browser would refuse.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pathName, type Envelope, type Operation } from '../../src/operations/operation.ts'
import { isObject, parseJson } from '../../src/wire/json-parse.ts'
import { CommandFailure, usageFailure } from './failure.ts'

export interface GatewayAddress {
  /** The base; `/admin/v1/…` is added. */
  readonly url: string
  readonly token: string | undefined
}

/** The variable that holds the key for gateways of other machines. */
export const adminKeyName = 'SIGNALBOX_ADMIN_KEY'

/** Codes of a gateway that does not take the key that it was asked with. */
export const refusedKeys: ReadonlySet<string> = new Set(['invalid_api_key', 'insufficient_tier'])

const patienceMs = 30_000
/** For operations that ask providers, several of them one after the other. */
const upstreamPatienceMs = 600_000
const maxAnswerBytes = 64 * 1024 * 1024

/** Checks a base URL as somebody typed it. Throws a usage failure. */
export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw usageFailure('invalid_flag', '--url: expected http://host:port or https://host', '--url')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw usageFailure('invalid_flag', '--url: only scheme, host, port and path', '--url')
  return url.href.replace(/\/+$/, '')
}

/** Runs the operation there. The gateway's own refusals come back as an envelope; what never reached it is thrown. */
export async function callGateway(address: GatewayAddress, operation: Operation, input: unknown): Promise<Envelope> {
  const patience = operation.needsUpstream === true ? upstreamPatienceMs : patienceMs
  const answer = await post(address, `/admin/v1/${pathName(operation)}`, JSON.stringify(input ?? {}), patience)
  const body = parseJson(answer.text)
  const envelope = envelopeOf(operation, body)
  if (envelope !== undefined) return envelope
  throw new CommandFailure(
    'gateway_bad_answer',
    `${address.url} answered ${answer.status} with something else: is it a Signalbox gateway?`,
  )
}

function envelopeOf(operation: Operation, body: unknown): Envelope | undefined {
  if (!isObject(body)) return undefined
  if (body['ok'] === true && body['command'] === operation.verb) return body as unknown as Envelope
  const { error } = body
  if (!isObject(error) || typeof error['message'] !== 'string') return undefined
  const { code, type, message, param } = error
  return {
    ok: false,
    command: operation.verb,
    schema_version: '1',
    error: {
      code: String(code ?? type ?? 'unknown'),
      message: refusedKeys.has(String(code)) ? `${message}; this command takes its key from ${adminKeyName}` : message,
      ...(typeof param === 'string' && { param }),
    },
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function post(address: GatewayAddress, path: string, body: string, patience: number): Promise<Answer> {
  const url = new URL(address.url + path)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    accept: 'application/json',
    ...(address.token !== undefined && { authorization: `Bearer ${address.token}` }),
  }
  return new Promise((resolve, reject) => {
    // No agent: a kept connection would keep the process.
    const request = send(url, { method: 'POST', headers, agent: false, timeout: patience }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxAnswerBytes) request.destroy(new Error('the answer is larger than 64 MiB'))
        else chunks.push(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patience / 1000} s`)))
    request.on('error', reject)
    request.end(body)
  }).catch((cause: unknown) => {
    throw new CommandFailure('gateway_unavailable', `${address.url} cannot be reached (${reasonOf(cause)})`, { cause })
  }) as Promise<Answer>
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown error'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
