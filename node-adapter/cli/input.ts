import process from 'node:process'
import { usageFailure } from './failure.ts'

/** The most that standard input may hold where texts are read: 8 MiB. */
export const maxTextBytes = 8 * 1024 * 1024

/** Standard input whole. Throws a usage failure where it is larger. */
export async function readStandardInput(maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > maxBytes)
      throw usageFailure('input_too_large', `standard input is larger than ${maxBytes / 1024 / 1024} MiB`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
