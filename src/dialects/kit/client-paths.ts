// Where in the client's own body things stand that have more than one place there. The names are the IR's.
import type { FilePart } from '../../ir/content.ts'
import type { ClientPaths, IrRequest, ReasoningRequest } from '../../ir/request.ts'
import { present } from './present.ts'

/** Whether a client of this wire writes the schema of an answer as JSON inside a string. */
export function writesSchemasAsText({ source }: IrRequest): boolean {
  return source === 'bedrock-converse'
}

/** For `IrRequest.at`: the names that are not those of the table; undefined where all are. */
export function clientNames(names: { readonly [K in keyof ClientPaths]?: string | undefined }): IrRequest['at'] {
  const said = present(names)
  return Object.keys(said).length > 0 ? said : undefined
}

/** Where a client asks for reasoning: with the record, or else with the word or the number alone. */
export function reasoningPath({ mode, effort, budgetTokens }: ReasoningRequest, client: ClientPaths): string {
  if (mode !== undefined) return client.reasoning
  if (effort !== undefined) return client.effort
  return budgetTokens === undefined ? client.reasoning : client.budgetTokens
}

/** Where the name of a file stands below its part. */
export function fileNamePath({ source }: FilePart, { inlineName, linkedName }: ClientPaths): string {
  return source.kind === 'url' || source.kind === 'file' ? linkedName : inlineName
}

/** Where the schema or the strictness of a tool stands; OpenAI's functions of the time before `tools` are bare. */
export function toolPath(at: string, attribute: 'schema' | 'strict', client: ClientPaths): string {
  const path = client[attribute]
  return `${at}.${at.startsWith('functions[') ? path.replace('function.', '') : path}`
}
