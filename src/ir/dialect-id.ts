// The wire protocols that Signalbox speaks, by name.

/** Stable identifiers, as folder names under `dialects/`; the configuration's `api_formats` are the same with underscores. */
export type DialectId = 'openai-chat' | 'anthropic-messages'
