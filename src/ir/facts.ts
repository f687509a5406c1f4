// What policy may look at. Extracted by each dialect without building the canonical request.
import type { DialectId, Task } from './dialect-id.ts'

/** How an image comes with a request. */
export type ImageSource = 'inline_base64' | 'remote_url' | 'provider_file_ref'

/** Everything about a request that routing, limits and accounting may see: never its text. */
export interface RequestFacts {
  readonly dialect: DialectId
  readonly task: Task
  /** The model name as the client sent it. */
  readonly model: string
  readonly stream: boolean
  /** The client asked for usage in its stream, or its wire always has it. */
  readonly wantsUsage: boolean
  readonly needsTools: boolean
  readonly needsImages: boolean
  readonly needsAudio: boolean
  readonly needsFiles: boolean
  readonly needsSchema: boolean
  readonly needsReasoning: boolean
  /** Tools that the provider runs itself: search, code execution and their like. */
  readonly needsServerTools?: boolean
  /** The answer may hold pictures. */
  readonly needsImageOutput?: boolean
  /** How its images come; absent where it has none. */
  readonly imageSources?: readonly ImageSource[]
  /** How many answers are asked for; 1 unless said otherwise. */
  readonly choices: number
  readonly maxOutputTokens?: number
  /** A rough count from the size of the text, for context windows and cost; never billed. */
  readonly approxInputTokens: number
  readonly sessionKey?: string
}
