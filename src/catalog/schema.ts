// The configuration file as a whole: every key, its shape, its default. Strict at every level, structure only.
import { z } from 'zod'
import { credentialSchema, keySchema, tenantSchema } from './schema-access.ts'
import { modelSchema, providerSchema, routeSchema } from './schema-catalog.ts'
import {
  clientProfileSchema,
  coordinationSchema,
  egressSchema,
  observabilitySchema,
  pluginSchema,
  policySchema,
  storageSchema,
} from './schema-operation.ts'
import { count, envName, identifier, once, text } from './schema-parts.ts'
import { serverSchema } from './schema-server.ts'

function catalogSections() {
  return {
    providers: z.record(identifier(), providerSchema()).default({}),
    models: z.record(text(), modelSchema()).default({}),
    routes: z.record(z.string(), routeSchema()).default({}),
  }
}

/** The sections that may live in `catalog.json` instead. */
export const catalogSectionNames = ['providers', 'models', 'routes'] as const

/** The configuration file. */
export const configSchema = once(() =>
  z.strictObject({
    $schema: z.string().optional(),
    config_version: z.literal(1).default(1),
    server: serverSchema().prefault({}),
    keys: z.array(keySchema()).default([]),
    tenants: z.array(tenantSchema()).default([]),
    credentials: z.record(identifier(), credentialSchema()).default({}),
    ...catalogSections(),
    policy: policySchema().prefault({}),
    client_profiles: z.array(clientProfileSchema()).default([]),
    agents: z.strictObject({ default_id: identifier().default('default') }).prefault({}),
    plugins: z.array(pluginSchema()).default([]),
    egress: z.array(egressSchema()).default([]),
    storage: storageSchema().prefault({}),
    coordination: coordinationSchema().prefault({}),
    observability: observabilitySchema().prefault({}),
    mcp: z.strictObject({ tiers: z.array(z.enum(['read', 'mutation', 'privileged'])).default(['read']) }).prefault({}),
    benchmark: z.strictObject({ default_max_tokens: count().default(32) }).prefault({}),
  }),
)

/** `catalog.json`: the sections of the configuration that change most. */
export const catalogSchema = once(() =>
  z.strictObject({
    $schema: z.string().optional(),
    catalog_version: z.literal(1).default(1),
    ...catalogSections(),
  }),
)

/** `secrets.json`: values that come before the environment variables of the same name. */
export const secretsSchema = once(() =>
  z.strictObject({
    $schema: z.string().optional(),
    api_key_overrides: z.record(envName(), text()).default({}),
  }),
)

/** A configuration with every default filled in. */
export type Config = z.output<ReturnType<typeof configSchema>>
export type ProviderConfig = Config['providers'][string]
export type RouteConfig = Config['routes'][string]
export type TargetConfig = RouteConfig['targets'][number]
