// The operations as MCP tools. Lists what was granted and refuses the rest again when it is called anyway.
import { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server'
import type { CallToolResult, McpHttpHandler, Tool } from '@modelcontextprotocol/server'
import type { Role, Snapshot, Tier } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import { operations as allOperations } from '../operations/index.ts'
import { failureEnvelope, mayRun, toolName, type Envelope, type Operation } from '../operations/operation.ts'
import { inputJsonSchema, outputJsonSchema } from '../operations/json-schema.ts'
import { runOperation } from '../operations/run-operation.ts'
import type { TraceSink } from '../ports/index.ts'
import { operationContext, type OperationSurface } from './operation-context.ts'

export interface McpServerOptions {
  readonly operations: readonly Operation[]
  /** The tiers that were granted: `mcp.tiers`, and over HTTP only as far as the key's roles go. */
  readonly tiers: readonly Tier[]
  readonly version: string
  /** Runs an operation somewhere and brings back its envelope; never throws. */
  readonly run: (operation: Operation, input: unknown) => Promise<Envelope>
}

/** A server for one connection or one request; the caller gives it a transport. */
export function createMcpServer(options: McpServerOptions): Server {
  const server = new Server({ name: 'signalbox', version: options.version }, { capabilities: { tools: {} } })
  const byName = new Map(options.operations.map((operation) => [toolName(operation), operation]))
  const isGranted = (operation: Operation): boolean => options.tiers.includes(operation.tier)
  server.setRequestHandler('tools/list', () => ({ tools: options.operations.filter(isGranted).map(toolOf) }))
  server.setRequestHandler('tools/call', async ({ params }) => {
    const operation = byName.get(params.name)
    if (operation === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'no tool of this name')
    return resultOf(isGranted(operation) ? await options.run(operation, params.arguments) : notGranted(operation))
  })
  return server
}

function notGranted(operation: Operation): Envelope {
  const message = `${operation.verb} is of tier ${operation.tier}, which is not granted here`
  return failureEnvelope(operation.verb, new GatewayError('insufficient_tier', { message }))
}

function resultOf(envelope: Envelope): CallToolResult {
  return {
    content: [{ type: 'text', text: JSON.stringify(envelope) }],
    structuredContent: { ...envelope },
    ...(!envelope.ok && { isError: true }),
  }
}

/** What a client learns of an operation before it calls it. */
function toolOf(operation: Operation): Tool {
  return {
    name: toolName(operation),
    title: operation.verb,
    description: operation.summary,
    inputSchema: inputJsonSchema(operation) as Tool['inputSchema'],
    outputSchema: outputJsonSchema(operation) as NonNullable<Tool['outputSchema']>,
    annotations: {
      readOnlyHint: operation.tier === 'read',
      destructiveHint: operation.tier === 'privileged',
      openWorldHint: operation.needsUpstream === true,
    },
  }
}

export interface McpRequest {
  readonly request: Request
  /** Already read and checked; undefined where the method has none. */
  readonly body: unknown
  readonly roles: ReadonlySet<Role>
  readonly snapshot: Snapshot
  readonly surface: OperationSurface
  /** Where probes of providers are traced; absent: where the gateway's own requests are. */
  readonly traces?: TraceSink | undefined
}

const tiers = ['read', 'mutation', 'privileged'] as const satisfies readonly Tier[]

/**
 * Answers one request of streamable HTTP, without sessions: every request has a server of its own.
 * Throws `insufficient_tier` where the caller's roles and `mcp.tiers` have nothing in common.
 */
export async function serveMcp({ request, body, roles, snapshot, surface, traces }: McpRequest): Promise<Response> {
  const granted = tiers.filter((tier) => mayRun(roles, tier) && snapshot.mcpTiers.includes(tier))
  if (granted.length === 0)
    throw new GatewayError('insufficient_tier', {
      message: 'neither the key nor mcp.tiers grants a tool to this caller',
    })
  const caller = { isPrivileged: granted.includes('privileged'), traces }
  const context = operationContext(surface, snapshot, caller)
  const handler: McpHttpHandler = createMcpHandler(
    () =>
      createMcpServer({
        operations: allOperations,
        tiers: granted,
        version: surface.status?.().version ?? '0',
        run: async (operation, input) => (await runOperation(operation, context, input)).envelope,
      }),
    // Nothing here changes that a subscriber could hear of.
    { maxSubscriptions: 0 },
  )
  return handler.fetch(request, body === undefined ? {} : { parsedBody: body })
}
