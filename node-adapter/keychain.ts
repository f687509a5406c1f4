// The keychain of the operating system, through an optional package that is loaded when somebody asks for it.
// https://github.com/Brooooooklyn/keyring-node
import { createRequire } from 'node:module'

/** One text in the keychain. */
export interface Keychain {
  /** Undefined where there is none. Throws where the keychain is locked or refuses. */
  get(): string | undefined
  set(text: string): void
}

export type KeychainOpening =
  | { readonly ok: true; readonly keychain: Keychain }
  /** Why there is none, for a person. */
  | { readonly ok: false; readonly problem: string }

/** The part of `@napi-rs/keyring` that is used. */
export interface KeyringModule {
  readonly Entry: new (
    service: string,
    user: string,
    options?: { readonly linux?: { readonly store?: 'secret-service' } },
  ) => { getPassword(): string | null; setPassword(text: string): void }
}

const service = 'signalbox'
const load = createRequire(import.meta.url)

/**
 * Opens the entry of this name in this user's keychain, by looking into it once.
 * @param user what the entry is called beside the service `signalbox`
 * @param module where the package comes from; a test hands one in
 */
export function openKeychain(user: string, module: () => KeyringModule = loadModule): KeychainOpening {
  try {
    const { Entry } = module()
    // Where there is no Secret Service, the package would take the kernel's own keyring, which a restart of the machine
    // empties: everything that was sealed would be lost.
    const entry = new Entry(service, user, { linux: { store: 'secret-service' } })
    entry.getPassword()
    return {
      ok: true,
      keychain: { get: () => entry.getPassword() ?? undefined, set: (text) => entry.setPassword(text) },
    }
  } catch (cause) {
    return { ok: false, problem: problemOf(cause) }
  }
}

// A native module has no types that survive a lazy import; the three members are used as its documentation says.
function loadModule(): KeyringModule {
  return load('@napi-rs/keyring') as KeyringModule
}

function problemOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return '@napi-rs/keyring is not installed'
  const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''
  // Its own text blames the package manager; on Deno it is a permission.
  if (message.startsWith('Cannot find native binding'))
    return 'its native part cannot be loaded; Deno needs --allow-ffi'
  return message === '' ? 'unknown error' : message.slice(0, 200)
}
