// What proves the gateway to a provider: where a secret is kept, and what is made of it. Never its value.

/** Where the text of a secret is kept. Its value is never in a snapshot. */
export type SecretSource =
  | { readonly source: 'env'; readonly env: string }
  /** Written in the file itself: accepted with a warning, held behind a function so that no serialiser sees it. */
  | { readonly source: 'inline'; readonly reveal: () => string }
  /** An owner-only file of this machine; `field` picks a member where it holds JSON. */
  | { readonly source: 'file'; readonly path: string; readonly field: string | null }
  /** Our own vault. */
  | { readonly source: 'sealed'; readonly name: string; readonly field: string | null }
  /** KV version 2 of HashiCorp Vault: `path` below `mount`. */
  | {
      readonly source: 'hashicorp_vault'
      readonly mount: string
      readonly path: string
      readonly field: string
      /** Variables that hold the server's address, its token, and the namespace where there is one. */
      readonly addressEnv: string
      readonly tokenEnv: string
      readonly namespaceEnv: string
    }
  /** AWS Secrets Manager. */
  | {
      readonly source: 'aws_secrets'
      readonly name: string
      readonly field: string | null
      /** The credential of type `aws` that may read it; null: the well-known variables. */
      readonly credential: string | null
      readonly region: string | null
    }

/** Where AWS access keys come from. */
export type AwsKeySource =
  | {
      readonly from: 'env'
      readonly accessKeyEnv: string
      readonly secretKeyEnv: string
      readonly sessionTokenEnv: string
    }
  /** A secret that is the JSON `{access_key_id, secret_access_key, session_token?, region?}`. */
  | { readonly from: 'secret'; readonly secret: SecretSource }
  /** The role of the machine (IMDSv2) or of its workload (web identity): where the runtime has a machine. */
  | { readonly from: 'instance_profile' }
  | { readonly from: 'web_identity'; readonly roleArnEnv: string; readonly tokenFileEnv: string }

/** How Azure is asked for access. */
export type AzureAccess =
  /** A resource key where its variable is set, else client credentials where theirs are, else the managed identity. */
  | { readonly by: 'environment' }
  | { readonly by: 'key'; readonly secret: SecretSource }
  | {
      readonly by: 'client_credentials'
      readonly tenantId: string
      readonly clientId: string
      readonly clientSecret: SecretSource
    }
  | { readonly by: 'managed_identity'; readonly clientId: string | null }

/** What a credential is made of: a text as it is kept, or a token that is fetched with one. */
export type CredentialRecipe =
  | { readonly type: 'api_key'; readonly secret: SecretSource }
  | { readonly type: 'aws'; readonly keys: AwsKeySource; readonly regionEnv: string }
  | { readonly type: 'google_service_account'; readonly secret: SecretSource; readonly scope: string }
  | { readonly type: 'azure'; readonly access: AzureAccess; readonly scope: string }
  | {
      readonly type: 'oauth'
      readonly refresh: SecretSource
      readonly tokenUrl: string
      readonly clientId: string
      readonly clientSecret: SecretSource | null
      /** How the client proves itself to the token endpoint; absent: in the body. */
      readonly clientAuth?: 'body' | 'basic'
      readonly scope: string | null
    }
  /** The login that a coding agent of this machine keeps, read anew each time it is needed. */
  | { readonly type: 'codex_oauth'; readonly env: string; readonly path: string | null }
  | { readonly type: 'claude_code_oauth'; readonly env: string; readonly path: string | null }

export interface CredentialRecord {
  readonly id: string
  readonly recipe: CredentialRecipe
  /** How long a value may be used before its source is asked again. */
  readonly cacheTtlMs: number
  /** How often its owner means to change the value; null where nothing was promised. */
  readonly rotationMs: number | null
  /** Token endpoints and secret stores may have private addresses; absent: no. */
  readonly allowPrivate?: boolean
  /** And may be reached without encryption; absent: no. */
  readonly allowHttp?: boolean
}
