// Which secrets a gateway could know besides those it has handed out: the variables that its configuration names, what the
// configuration holds itself, and the keys that every gateway has.
import type { Snapshot } from '../catalog/snapshot.ts'
import { Secret } from '../ir/secret.ts'
import type { Secrets } from '../ports/index.ts'

/** Keys that seal and sign, and the one of the command line. */
const ownNames = ['SIGNALBOX_KEK', 'SIGNALBOX_PEPPER', 'SIGNALBOX_AUDIT_KEY', 'SIGNALBOX_ADMIN_KEY'] as const

/** What vendors' own tools read, and so do credentials that name no variable. */
const wellKnownNames = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AZURE_OPENAI_API_KEY',
  'AZURE_CLIENT_SECRET',
  'VAULT_TOKEN',
] as const

/** Members of a recipe that name a variable with something in it that anybody may know. */
const harmless = /^(?:address|region|namespace|roleArn|tokenFile)Env$|^regionEnv$/

/** Headers whose values an operator may have put a key into. */
const secretHeader = /key|token|secret|auth|cookie|password|credential/i

/** Everything secret that the configuration leads to and that has a value now. Reads variables; asks no store. */
export function knownSecrets(snapshot: Snapshot, secrets: Secrets): readonly Secret[] {
  const found: Secret[] = []
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') found.push(new Secret(name, value))
  }
  for (const name of ownNames) for (const value of entriesOf(secrets.get(name))) add(name, value)
  for (const name of wellKnownNames) add(name, secrets.get(name))
  for (const key of snapshot.keys) add(key.env, secrets.get(key.env))
  for (const { id, recipe } of credentialsOf(snapshot)) collect(id, recipe, secrets, add)
  for (const proxy of snapshot.egress.proxies.values()) {
    for (const part of addressSecrets(proxy.url.from === 'env' ? secrets.get(proxy.url.env) : proxy.url.url))
      add(proxy.id, part)
    addHeaders(proxy.headers, add)
  }
  addHeaders(snapshot.server.headers, add)
  for (const provider of snapshot.providers.values()) {
    addHeaders(provider.headers, add)
    for (const part of addressSecrets(provider.baseUrl ?? undefined)) add(provider.id, part)
  }
  return found
}

// Inline keys belong to accounts and are in no list of credentials.
function credentialsOf(snapshot: Snapshot) {
  const accounts = [...snapshot.providers.values()].flatMap((provider) => provider.accounts)
  return new Set([...snapshot.credentials.values(), ...accounts.flatMap(({ credential }) => credential ?? [])])
}

type Add = (name: string, value: string | undefined) => void

/** Follows a recipe to its variables and to what is written in it; new kinds of recipe need no line here. */
function collect(id: string, part: object, secrets: Secrets, add: Add): void {
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'object' && value !== null) collect(id, value, secrets, add)
    else if (typeof value === 'function' && key === 'reveal') add(id, String(value()))
    else if (typeof value === 'string' && /(?:^e|E)nv$/.test(key) && !harmless.test(key)) add(value, secrets.get(value))
  }
}

/** A ring of keys as a whole and key by key, without their names. */
function entriesOf(value: string | undefined): readonly string[] {
  if (value === undefined || value === '') return []
  return [value, ...value.split(',').map((entry) => entry.slice(entry.indexOf(':') + 1).trim())]
}

/** Parameters of an address with something in them that anybody may know, and that answers speak of. */
const harmlessParameter = /^(?:api-?version|version|alt|region|location|model|deployment|project)$/i

/** User, password and query of an address, as they are written and as they are meant. */
export function addressSecrets(address: string | undefined): readonly string[] {
  if (address === undefined || !URL.canParse(address)) return []
  const url = new URL(address)
  const parameters = [...url.searchParams].filter(([name]) => !harmlessParameter.test(name))
  const written = [url.password, ...parameters.map(([, value]) => value)]
  // A user alone is often the key itself.
  if (url.password === '') written.push(url.username)
  return [...new Set(written.flatMap((part) => [part, decoded(part)]))].filter((part) => part !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function addHeaders(headers: Readonly<Record<string, string>>, add: Add): void {
  for (const [name, value] of Object.entries(headers))
    if (secretHeader.test(name)) add(name, value.replace(/^(?:bearer|basic)\s+/i, ''))
}
