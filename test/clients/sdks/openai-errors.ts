// What the `openai` package throws, whichever of its calls it was.
import OpenAI from 'openai'
import type { SdkClient } from '../sdk-client.ts'

const classes: Readonly<Record<number, abstract new (...args: never[]) => Error>> = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  429: OpenAI.RateLimitError,
}

export const openaiErrors: Pick<SdkClient, 'failureOf' | 'isAbort'> = {
  failureOf(cause) {
    if (!(cause instanceof OpenAI.APIError) || cause.status === undefined) return undefined
    const expected = classes[cause.status] ?? (cause.status >= 500 ? OpenAI.InternalServerError : OpenAI.APIError)
    if (!(cause instanceof expected)) return undefined
    return { status: cause.status as number, retryAfter: cause.headers?.get('retry-after') ?? undefined }
  },
  isAbort: (cause) => cause instanceof OpenAI.APIUserAbortError,
}
