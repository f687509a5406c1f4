// What real providers took, the mock takes: every recorded request with status 200, by the check of its wire.
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { routeOf } from '../../src/providers/mock/routes.ts'
import { hasShared, requireShared, sharedPath } from '../support/shared.ts'
import type { Json } from './support.ts'

requireShared('recorded requests against the checks of the mock')

const gemini = '/v1beta/models/m'
const paths: Readonly<Record<string, string>> = {
  'chat.completions': '/v1/chat/completions',
  completions: '/v1/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  vertex: '/v1/messages',
  'vertex-stream': '/v1/messages',
  'bedrock-invoke': '/v1/messages',
  'bedrock-invoke-stream': '/v1/messages',
  converse: '/model/m/converse',
  'converse-stream': '/model/m/converse-stream',
  generateContent: `${gemini}:generateContent`,
  streamGenerateContent: `${gemini}:streamGenerateContent`,
  batchEmbedContents: `${gemini}:batchEmbedContents`,
  // The folders of the same conversation on several wires.
  'chat-completions': '/v1/chat/completions',
  anthropic: '/v1/messages',
  'bedrock-anthropic': '/v1/messages',
  'vertex-anthropic': '/v1/messages',
  google: `${gemini}:generateContent`,
  bedrock: '/model/m/converse',
}

/** Requests that an imitator took and OpenAI would not. */
const lenient: Readonly<Record<string, string>> = {
  'huggingface-test-image-url-input': 'no tools in a list',
  'mistral-vision-models-mistral-pixtral-12b': 'an image as bare text',
  'openrouter-web-search': 'a tool of its own',
}

interface Case {
  readonly file: string
  readonly kind: string
  readonly body: Json
}

function read(...segments: string[]): Json {
  return JSON.parse(readFileSync(sharedPath('corpus', ...segments), 'utf8')) as Json
}

function recorded(): Case[] {
  const lines = readFileSync(sharedPath('corpus', 'recorded', 'INDEX.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
  return lines
    .map((line) => JSON.parse(line) as Json)
    .filter((entry) => entry['role'] === 'request' && entry['status'] === 200)
    .map((entry) => {
      const file = String(entry['file'])
      return { file, kind: String(entry['endpoint']), body: read('recorded', file) }
    })
}

/** A case whose provider answered with an error says so in a file of its own. */
function parallel(): Case[] {
  const root = sharedPath('corpus', 'parallel')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  return files
    .filter((file) => /\/(?:followup-)?request\.json$/.test(file))
    .filter((file) => !files.includes(file.replace(/[^/]+$/, 'error.json')))
    .map((file) => ({ file, kind: file.split('/')[1] ?? '', body: read('parallel', file) }))
}

/** What the check says; the model is named where the wire wants it in the body. */
function problemOf({ kind, body }: Case): string | undefined {
  const route = routeOf(paths[kind] ?? '')
  if (route === undefined) throw new Error(`no path for ${kind}`)
  return route.wire.check({ model: 'm', body: route.model === undefined ? { model: 'm', ...body } : body })
}

const cases = hasShared ? [...recorded(), ...parallel()] : []
const isLenient = ({ file }: Case): boolean => Object.keys(lenient).some((name) => file.includes(`/${name}`))

describe.skipIf(!hasShared)('recorded requests', () => {
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(150)
  })

  it.each(cases.filter((one) => !isLenient(one)).map((one): [string, Case] => [one.file, one]))(
    '%s is taken',
    (_file, one) => {
      expect(problemOf(one)).toBeUndefined()
    },
  )

  it.each(cases.filter(isLenient).map((one): [string, Case] => [one.file, one]))('%s is not', (_file, one) => {
    expect(problemOf(one)).toBeDefined()
  })

  it('that Google refused are refused', () => {
    const body = read('parallel', 'exclusiveMinimumToolParam', 'google', 'request.json')
    expect(problemOf({ file: '', kind: 'google', body })).toContain('exclusiveMinimum')
  })
})
