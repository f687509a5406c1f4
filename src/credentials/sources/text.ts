// From what a store holds to the one text that is asked for.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'

/** The longest secret that is taken from anywhere, in characters. */
export const maxSecretLength = 64 * 1024

export interface Holding {
  /** The credential's id. */
  readonly id: string
  /** Where it was found, for messages: `file /run/key`. */
  readonly place: string
  /** The member that is asked for; null: all of it. */
  readonly field: string | null
}

/** The text, or its member where `field` names one. Fails with `missing_credential`, which says what is not there. */
export function secretFrom(text: string, holding: Holding): Outcome<Secret> {
  const { id, place, field } = holding
  if (text.length > maxSecretLength)
    return failed('missing_credential', {
      message: `credential ${id}: ${place} holds more than ${maxSecretLength} characters`,
    })
  if (field === null) return checked(text, holding)
  const value = parseJson(text)
  if (!isObject(value))
    return failed('missing_credential', {
      message: `credential ${id}: ${place} is no JSON object, so it has no member ${JSON.stringify(field)}`,
    })
  return memberOf(value, holding, field)
}

/** A member of an object: text as it is, anything else as JSON. */
export function memberOf(object: Readonly<Record<string, unknown>>, holding: Holding, field: string): Outcome<Secret> {
  const member = Object.hasOwn(object, field) ? object[field] : undefined
  if (member === undefined || member === null)
    return failed('missing_credential', {
      message: `credential ${holding.id}: ${holding.place} has no member ${JSON.stringify(field)}; name another one in "field"`,
    })
  return checked(typeof member === 'string' ? member : JSON.stringify(member), holding)
}

function checked(text: string, { id, place }: Holding): Outcome<Secret> {
  return text === ''
    ? failed('missing_credential', { message: `credential ${id}: ${place} is empty` })
    : ok(new Secret(id, text))
}
