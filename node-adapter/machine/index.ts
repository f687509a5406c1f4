// The machine that Node, Bun and Deno run on: its files, and who it is to its cloud.
import { homedir } from 'node:os'
import type { Machine } from '../../src/ports/index.ts'
import { readInstanceProfile } from './imds.ts'
import { readManagedIdentity } from './managed-identity.ts'
import { readOwnFile } from './own-file.ts'
import { readProjectedFile } from './projected-file.ts'

/** This machine. `home` is that of this user where left out; null: there is none. */
export function createMachine({ home = homeOfUser() }: { readonly home?: string | null } = {}): Machine {
  return {
    home,
    readOwnFile: (path) => readOwnFile(path, home),
    readProjectedFile: (path) => readProjectedFile(path),
    awsInstanceProfile: () => readInstanceProfile(),
    azureManagedIdentity: (resource, clientId) => readManagedIdentity(resource, clientId),
  }
}

/** Null where there is none, or where the runtime may not say. */
function homeOfUser(): string | null {
  try {
    return homedir() || null
  } catch {
    return null
  }
}
