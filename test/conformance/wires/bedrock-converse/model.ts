// Amazon's service model as a gate: members, types, patterns, and unions that hold exactly one member.
import { readFileSync } from 'node:fs'
import { record, text } from '../../../support/json.ts'
import { sharedPath } from '../../../support/shared.ts'

interface Shape {
  readonly type: string
  readonly members?: Readonly<Record<string, { readonly shape: string; readonly location?: string }>>
  readonly required?: readonly string[]
  readonly member?: { readonly shape: string }
  readonly value?: { readonly shape: string }
  readonly union?: boolean
  readonly document?: boolean
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly min?: number
  readonly max?: number
}

let loaded: Readonly<Record<string, Shape>> | undefined

function shapes(): Readonly<Record<string, Shape>> {
  loaded ??= (
    JSON.parse(readFileSync(sharedPath('wire-specs', 'bedrock-runtime.service-2.json'), 'utf8')) as {
      shapes: Record<string, Shape>
    }
  ).shapes
  return loaded
}

/** What a body violates in a shape of the service model, one line per place; empty where it is valid. */
export function modelErrors(name: string, value: unknown, at: string = name): string[] {
  const shape = shapes()[name]
  if (shape === undefined) throw new Error(`the service model has no shape ${name}`)
  if (shape.document === true) return []
  switch (shape.type) {
    case 'structure':
      return structureErrors(shape, value, at)
    case 'list':
      if (!Array.isArray(value)) return [`${at} is no list`]
      if (value.length < (shape.min ?? 0) || value.length > (shape.max ?? Infinity))
        return [`${at} has ${value.length}`]
      return value.flatMap((member, index) => modelErrors(shape.member?.shape ?? '', member, `${at}[${index}]`))
    case 'map':
      return Object.entries(record(value)).flatMap(([key, member]) =>
        modelErrors(shape.value?.shape ?? '', member, `${at}.${key}`),
      )
    case 'string':
    case 'blob':
      return textErrors(shape, value, at)
    case 'integer':
    case 'long':
      return Number.isInteger(value) ? rangeErrors(shape, Number(value), at) : [`${at} is no integer`]
    case 'float':
    case 'double':
      return typeof value === 'number' ? rangeErrors(shape, value, at) : [`${at} is no number`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at} is no boolean`]
    default:
      return []
  }
}

function structureErrors(shape: Shape, value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`]
  const keys = Object.keys(value)
  const missing = (shape.required ?? [])
    .filter((key) => !keys.includes(key) && shape.members?.[key]?.location === undefined)
    .map((key) => `${at} lacks ${key}`)
  const union = shape.union === true && keys.length !== 1 ? [`${at} holds ${keys.length} of a union`] : []
  const members = Object.entries(record(value)).flatMap(([key, member]) => {
    const target = shape.members?.[key]
    return target === undefined ? [`${at} has no member ${key}`] : modelErrors(target.shape, member, `${at}.${key}`)
  })
  return [...missing, ...union, ...members]
}

function textErrors(shape: Shape, value: unknown, at: string): string[] {
  if (typeof value !== 'string') return [`${at} is no text`]
  if (shape.enum !== undefined && !shape.enum.includes(value)) return [`${at} is ${value}`]
  if (shape.type === 'blob') return /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? [] : [`${at} is no base64`]
  const pattern = shape.pattern === undefined || new RegExp(`^(?:${shape.pattern})$`).test(value)
  return pattern ? rangeErrors(shape, value.length, at) : [`${at} is outside the pattern: ${text(value).slice(0, 40)}`]
}

function rangeErrors({ min, max }: Shape, size: number, at: string): string[] {
  return size < (min ?? -Infinity) || size > (max ?? Infinity) ? [`${at} is ${size} in size`] : []
}
