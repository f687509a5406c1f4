// The gateway that the SDKs call: one process, one key, and a provider for each wire.
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'

export const secrets = {
  gateway: 'sbx_test_client_0f3a9c5e7d214b68',
  upstream: 'sk-upstream-0123456789abcdef',
} as const

/**
 * Starts it.
 * @param providers entries of the configuration, by name; the account and the way there are added
 */
export function startGateway(providers: Readonly<Record<string, object>>): Promise<GatewayProcess> {
  const reachable = { allow_private: true, allow_http: true, accounts: [{ id: 'a', credential: 'up' }] }
  return startGatewayProcess('node', {
    env: {
      SIGNALBOX_KEY: secrets.gateway,
      UPSTREAM_KEY: secrets.upstream,
      SIGNALBOX_KEK: Buffer.alloc(32, 7).toString('base64'),
    },
    config: {
      config_version: 1,
      keys: [{ id: 'test', env: 'SIGNALBOX_KEY', role: 'client' }],
      credentials: { up: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, entry]) => [name, { ...entry, ...reachable }]),
      ),
      // The cases provoke failures of providers that others share.
      policy: { breaker: { enabled: false } },
      storage: { kind: 'memory' },
    },
  })
}
