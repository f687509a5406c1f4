// age files: the form in which a vault leaves a machine. https://age-encryption.org/v1
// The library is loaded when somebody exports or imports, and never by a gateway.
import { usageFailure } from '../cli/failure.ts'

export interface AgeRecipients {
  /** `age1…`. */
  readonly recipients: readonly string[]
  readonly passphrase: string | undefined
}

export interface AgeIdentities {
  /** `AGE-SECRET-KEY-1…`. */
  readonly identities: readonly string[]
  readonly passphrase: string | undefined
}

const armorHead = '-----BEGIN AGE ENCRYPTED FILE-----'

/** The text as an armored age file. Throws a usage failure for a recipient that is none. */
export async function encryptAge(text: string, { recipients, passphrase }: AgeRecipients): Promise<string> {
  const age = await import('age-encryption')
  const encrypter = new age.Encrypter()
  if (passphrase !== undefined) encrypter.setPassphrase(passphrase)
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (cause) {
      throw usageFailure('invalid_flag', `--age: ${recipientProblem(recipient, cause)}`, '--age')
    }
  }
  return age.armor.encode(await encrypter.encrypt(text))
}

// Whoever confuses the two halves of a key pair must not find the secret one in a log.
function recipientProblem(recipient: string, cause: unknown): string {
  if (/^age-secret-key-/i.test(recipient)) return 'that is an identity, which decrypts; a recipient begins with age1'
  return `${JSON.stringify(recipient.slice(0, 80))} is no age recipient (${cause instanceof Error ? cause.message : 'unknown'})`
}

/** The text of an age file, armored or not. Throws a usage failure where none of the identities opens it. */
export async function decryptAge(file: Uint8Array, { identities, passphrase }: AgeIdentities): Promise<string> {
  const age = await import('age-encryption')
  const decrypter = new age.Decrypter()
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase)
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity)
    } catch {
      throw usageFailure('invalid_flag', '--age: the file holds a line that is no age identity', '--age')
    }
  }
  const armored = Buffer.from(file).toString('latin1').trim()
  try {
    const binary = armored.startsWith(armorHead) ? age.armor.decode(armored) : file
    return await decrypter.decrypt(binary, 'text')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown error'
    throw usageFailure('age_not_opened', `standard input could not be opened as an age file: ${reason}`)
  }
}

/** The identities in the text of an identity file; comments and empty lines are skipped. */
export function identitiesIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
