// The verbs of the vault that run in this process and nowhere else: they handle keys, or values in the clear.
import process from 'node:process'
import { z } from 'zod'
import { exitCodes, type ExitCode } from '../cli/failure.ts'
import { printEnvelope, successEnvelope } from '../cli/output.ts'
import { note, write } from '../cli/terminal.ts'
import type { KeyPlace } from '../key-file.ts'
import type { OpenVault } from './open-vault.ts'

const config = z
  .string()
  .min(1)
  .optional()
  .describe('Work on the vault of this configuration; else that of the running gateway')
const passphraseEnv = z.string().min(1).optional().describe('An environment variable that holds a passphrase')

/** The verbs with their flags. */
export const vaultVerbs = {
  'vault init': {
    summary: 'Make the key of this machine where there is none, and say where it is.',
    examples: ['vault init', 'vault init --keychain'],
    positional: [],
    schema: z.strictObject({
      keychain: z.boolean().default(false).describe('Keep it in the keychain of the system; else SIGNALBOX_KEYCHAIN=1'),
    }),
  },
  'vault keygen': {
    summary: 'Put a new key in front of the ring of this machine; the older ones still open.',
    examples: ['vault keygen', 'vault keygen --print | wrangler secret put SIGNALBOX_KEK'],
    positional: [],
    schema: z.strictObject({
      print: z.boolean().default(false).describe('Print a fresh key and keep nothing'),
      id: z.string().min(1).optional().describe('The name of the key; else the date'),
      from_env: z.string().min(1).optional().describe('Derive it from the 32 or more random bytes in this variable'),
      salt: z
        .string()
        .min(1)
        .optional()
        .describe('The salt of a key that was derived before: what follows hkdf- in its name'),
    }),
  },
  'vault retire': {
    summary: 'Take a key out of the ring of this machine, unless the vault still needs it.',
    examples: ['vault retire local'],
    positional: ['key'],
    schema: z.strictObject({ key: z.string().min(1).describe('The name of the key'), config }),
  },
  'vault export': {
    summary: 'Write all entries as an age file to standard output.',
    examples: ['vault export --age age1… > vault.age', 'vault export --passphrase-env PASSPHRASE > vault.age'],
    positional: [],
    schema: z.strictObject({
      age: z.array(z.string().min(1)).default([]).describe('A recipient (age1…); may be given several times'),
      passphrase_env: passphraseEnv,
      force: z.boolean().default(false).describe('Leave out entries that no key opens'),
      config,
    }),
  },
  'vault import': {
    summary: 'Merge an age file, or records of LLM-switcher, from standard input.',
    examples: ['vault import --age identity.txt < vault.age', 'vault import --format ls < records.json'],
    positional: [],
    schema: z.strictObject({
      format: z
        .enum(['age', 'ls'])
        .default('age')
        .describe('ls: name=record lines or JSON, key in ROUTER_KMS_KEY or ROUTER_ADMIN_KEY'),
      age: z.string().min(1).optional().describe('A file of age identities that is yours alone'),
      passphrase_env: passphraseEnv,
      force: z.boolean().default(false).describe('Overwrite entries that are there with another value'),
      config,
    }),
  },
} as const

export type VaultVerb = keyof typeof vaultVerbs

/** Runs one of the verbs with checked flags; returns the exit code. Throws `CommandFailure`. */
export async function vaultMain(
  verb: VaultVerb,
  values: Readonly<Record<string, unknown>>,
  json: boolean,
): Promise<ExitCode> {
  const show = (data: unknown): Promise<ExitCode> => printEnvelope(successEnvelope(verb, data), { json })
  switch (verb) {
    case 'vault init': {
      const { keychain } = vaultVerbs[verb].schema.parse(values)
      const { initVaultKeys } = await import('./keys.ts')
      return show(placeView(initVaultKeys(keychain)))
    }
    case 'vault keygen': {
      const { print, id, from_env: fromEnv, salt } = vaultVerbs[verb].schema.parse(values)
      const { generateKey } = await import('./keys.ts')
      const place = await generateKey({ print, id, fromEnv, salt })
      if (place === undefined) return exitCodes.ok
      if (!json) note('the older keys still open; when you want them gone: vault rewrap, then vault retire KEY')
      return show({ key_id: place.ids[0], ...placeView(place) })
    }
    case 'vault retire': {
      const { key, config: source } = vaultVerbs[verb].schema.parse(values)
      const { retireKey } = await import('./keys.ts')
      return withVault(verb, source, async (vault) => show(placeView(await retireKey(vault, key))))
    }
    case 'vault export': {
      const { age, force, passphrase_env, config: source } = vaultVerbs[verb].schema.parse(values)
      const { exportVault } = await import('./transfer.ts')
      return withVault(verb, source, async (vault) => {
        const { text, entries } = await exportVault(vault, { age, force, passphraseEnv: passphrase_env })
        if (json) return show({ entries, age: text })
        await write(process.stdout, text.endsWith('\n') ? text : `${text}\n`)
        note(`${entries} entries`)
        return exitCodes.ok
      })
    }
    case 'vault import': {
      const { format, age, force, passphrase_env, config: source } = vaultVerbs[verb].schema.parse(values)
      const { importVault } = await import('./transfer.ts')
      return withVault(verb, source, async (vault) => {
        const done = await importVault(vault, { format, age, force, passphraseEnv: passphrase_env })
        if (done.skipped.length > 0 && !json)
          note('warning: entries with another value were left as they are; --force overwrites them')
        return show(done)
      })
    }
  }
}

async function withVault(
  verb: VaultVerb,
  source: string | undefined,
  run: (vault: OpenVault) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { openVault } = await import('./open-vault.ts')
  const vault = await openVault(source, verb)
  try {
    return await run(vault)
  } finally {
    await vault.close()
  }
}

function placeView({ place, ids, made }: KeyPlace): Record<string, unknown> {
  return { place, keys: ids, made }
}
