// Who is calling, as the door found out.
import type { Role } from '../catalog/snapshot.ts'

export interface Principal {
  /** Null for the open local gateway and for its run file's token. */
  readonly keyId: string | null
  readonly roles: ReadonlySet<Role>
  readonly tenant: string | null
}
