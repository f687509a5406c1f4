// Tools and the choice among them, decoded. Google's own tools travel whole, each under its own name.
// https://ai.google.dev/api/caching#Tool
import type { Tool, ToolChoice } from '../../ir/request.ts'
import { present } from '../kit/present.ts'
import { extrasOf, type Members } from './extras.ts'
import { decodeSchema } from './gemini-schema.ts'
import { camelKeys, spellingOf } from './names.ts'
import type { Fault } from '../kit/shape.ts'
import { readDeclaration, type RequestShape } from './schema.ts'

const declarationMembers = new Set(['name', 'description', 'parameters', 'parametersJsonSchema'])

/**
 * Every function and every tool of Google's, in order; `at` tells which entry of `tools` it stood in.
 * @param said the entries as the client spelled them
 */
export function decodeTools(tools: RequestShape['tools'], said: readonly unknown[], faults: Fault[]): Tool[] {
  return tools.flatMap((entry, index) => {
    const at = `tools[${index}]`
    const declarations = `${at}.${spellingOf(said[index], 'functionDeclarations')}`
    const { functionDeclarations, ...others } = entry
    const functions = functionDeclarations
      .map((declaration, position) => decodeFunction(declaration, `${declarations}[${position}]`, faults))
      .filter((tool) => tool !== undefined)
    const google = Object.entries(others)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([kind, value]): Tool => ({
        type: 'opaque',
        kind,
        value: { [kind]: value },
        at: `${at}.${spellingOf(said[index], kind)}`,
      }))
    return [...functions, ...google]
  })
}

function decodeFunction(value: Members, at: string, faults: Fault[]): Tool | undefined {
  const reading = readDeclaration(camelKeys(value))
  if (!reading.ok) {
    faults.push({ at: at + reading.fault.at, message: reading.fault.message })
    return undefined
  }
  const declaration = reading.value
  const key = isThere(declaration['parametersJsonSchema']) ? 'parametersJsonSchema' : 'parameters'
  const schema = declaration[key]
  return {
    type: 'function',
    name: declaration.name,
    at,
    ...present({
      description: declaration.description ?? undefined,
      schema: isThere(schema) ? (key === 'parameters' ? decodeSchema(schema) : schema) : undefined,
      extras: extrasOf(declaration, declarationMembers, isThere(schema) ? { schema: { key, value: schema } } : {}),
    }),
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null
}

type Config = NonNullable<NonNullable<RequestShape['toolConfig']>['functionCallingConfig']>

/** The choice of a `functionCallingConfig`; a form that is not known here travels whole. */
export function decodeToolChoice(config: Config): ToolChoice | undefined {
  const names = config.allowedFunctionNames ?? []
  const mode = config.mode?.toUpperCase()
  const [only] = names
  if (mode === 'ANY' && names.length === 1 && only !== undefined) return { mode: 'tool', name: only }
  if (names.length > 0) return { mode: 'opaque', kind: 'functionCallingConfig', value: config }
  switch (mode) {
    case 'ANY':
      return { mode: 'required' }
    case 'NONE':
      return { mode: 'none' }
    case 'AUTO':
    // The model chooses as with AUTO; only how strictly its arguments are held to the schema differs.
    case 'VALIDATED':
      return { mode: 'auto' }
    default:
      return undefined
  }
}
