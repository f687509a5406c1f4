// The secrets of a command that works without a gateway: what it was given, and behind it the keys of this machine.
import { keyringName } from '../../src/sealing/keyring.ts'
import type { Secrets } from '../../src/ports/index.ts'
import { KeyFileRefused, readLocalKeys } from '../key-file.ts'

export interface LocalSecrets {
  readonly secrets: Secrets
  /** Why the keys of this machine were not used although somebody asked for them. */
  refusal(): string | undefined
}

/** Looks for the keys when somebody asks for them: most commands never do. Makes none. */
export function withLocalKeys(given: Secrets): LocalSecrets {
  let local: Secrets | undefined
  let refusal: string | undefined
  const open = (): Secrets => {
    try {
      return readLocalKeys(given)
    } catch (cause) {
      if (!(cause instanceof KeyFileRefused)) throw cause
      refusal = cause.message
      return { get: () => undefined }
    }
  }
  return {
    secrets: {
      get(name) {
        const value = given.get(name)
        if (name !== keyringName || (value !== undefined && value !== '')) return value
        local ??= open()
        return local.get(name)
      },
    },
    refusal: () => refusal,
  }
}
