// What an error is on each wire: what a provider said, and what a client has to get.
import type { GenerativeId } from '../../../src/dialects/index.ts'
import { record, says, text, type Json } from '../../support/json.ts'
import { schemaErrors } from '../../support/openapi.ts'

/** What a provider said in its own words. */
export interface Said {
  readonly type?: string
  readonly code?: string
  readonly message: string
}

export interface ErrorWire {
  said(body: Json, headers: Readonly<Record<string, string>>): Said
  /** What is wrong with an error answer that a client gets. */
  problems(body: Json, headers: Readonly<Record<string, string>>, status: number): string[]
}

const openai: ErrorWire = {
  said: (body) => plain(record(body['error'])),
  problems: (body) => {
    const error = record(body['error'])
    const missing = ['message', 'type', 'param', 'code'].filter((key) => !(key in error))
    return [...missing.map((key) => `no ${key}`), ...unsaid(error), ...schemaErrors('openai', 'ErrorResponse', body)]
  },
}

export const errorWires: Readonly<Record<GenerativeId, ErrorWire>> = {
  'openai-chat': openai,
  'openai-responses': openai,
  'openai-completions': openai,
  'anthropic-messages': {
    said: (body) => plain(record(body['error'])),
    problems: (body) => [
      ...unsaid(record(body['error'])),
      ...(body['request_id'] === 'req_conformance' ? [] : ['no request_id']),
      ...schemaErrors('anthropic', 'ErrorResponse', body),
    ],
  },
  // https://cloud.google.com/apis/design/errors#http_mapping
  gemini: {
    said: (body) => {
      const { status, message } = record(body['error'])
      return { code: text(status), message: text(message) }
    },
    problems: (body, _headers, status) => {
      const error = record(body['error'])
      const word = /^[A-Z_]+$/.test(text(error['status'])) ? [] : [`status is ${String(error['status'])}`]
      return [...unsaid(error), ...word, ...(error['code'] === status ? [] : [`code is ${String(error['code'])}`])]
    },
  },
  // https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
  'bedrock-converse': {
    said: (body, headers) => ({
      type: text(headers['x-amzn-errortype']).replace(/:.*$/, ''),
      message: text(body['message']),
    }),
    problems: (body, headers) => [
      ...unsaid(body),
      ...(text(headers['x-amzn-errortype']).endsWith('Exception') ? [] : ['no x-amzn-errortype']),
    ],
  },
}

function plain(error: Json): Said {
  const { type, code, message } = error
  return {
    ...(says(type) && { type: text(type) }),
    ...(says(code) && { code: text(code) }),
    message: text(message),
  }
}

function unsaid(error: Json): string[] {
  return says(error['message']) ? [] : ['no message']
}
