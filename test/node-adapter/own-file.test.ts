import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { chownSync, lchownSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMachine } from '../../node-adapter/machine/index.ts'
import { isReadOnlyOfRoot, maxOwnFileBytes, readOwnFile } from '../../node-adapter/machine/own-file.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-own-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(name: string, text: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text, { mode })
  await chmod(path, mode)
  return path
}

async function refusal(path: string, home: string | null = null): Promise<string> {
  const read = await readOwnFile(path, home)
  if (read.ok) throw new Error(`read ${read.value}`)
  expect(read.error.code).toBe('missing_credential')
  return read.error.message
}

const isRoot = process.geteuid?.() === 0

describe('a file of this user', () => {
  it('is read', async () => {
    expect(await readOwnFile(await file('key', 'sk-ä\n'), null)).toEqual({ ok: true, value: 'sk-ä\n' })
  })

  it('is found below home with ~/', async () => {
    await file('key', 'sk')
    expect(await readOwnFile('~/key', folder)).toEqual({ ok: true, value: 'sk' })
    expect(await createMachine({ home: folder }).readOwnFile('~/key')).toEqual({ ok: true, value: 'sk' })
    expect(await refusal('~/key')).toBe('~/key: this user has no home folder')
  })

  it.each([0o640, 0o604, 0o660, 0o644, 0o777])('is refused with mode %o, with what to run', async (mode) => {
    const path = await file('open', 'sk', mode)
    const octal = mode.toString(8).padStart(4, '0')
    expect(await refusal(path)).toBe(`the file ${path} is open to others (mode ${octal}): run chmod 600 ${path}`)
  })

  it('has its name quoted for a shell where it needs that', async () => {
    const path = await file("it's open", 'sk', 0o640)
    expect(await refusal(path)).toContain(`run chmod 600 '${path.replace("'", String.raw`'\''`)}'`)
  })

  it('is refused where others may write its folder or one above it', async () => {
    const outer = join(folder, 'outer')
    const inner = join(outer, 'inner')
    await mkdir(inner, { recursive: true })
    const path = join(inner, 'key')
    await writeFile(path, 'sk', { mode: 0o600 })
    await chmod(inner, 0o770)
    expect(await refusal(path)).toBe(
      `the folder ${inner} may be written by others (mode 0770): run chmod go-w ${inner}`,
    )
    await chmod(inner, 0o700)
    await chmod(outer, 0o777)
    expect(await refusal(path)).toContain(`the folder ${outer} may be written by others (mode 0777)`)
    // Nobody but the owner of a file can exchange it in a folder with the sticky bit.
    await chmod(outer, 0o1777)
    expect((await readOwnFile(path, null)).ok).toBe(true)
  })

  it('is refused behind a link that others may turn elsewhere, and read behind one that they may not', async () => {
    const place = join(folder, 'linked')
    const target = join(folder, 'elsewhere')
    await mkdir(target, { recursive: true, mode: 0o700 })
    await mkdir(place, { recursive: true, mode: 0o700 })
    await writeFile(join(target, 'key'), 'sk', { mode: 0o600 })
    await symlink(target, join(place, 'way'))
    await symlink('linked/way', join(folder, 'way'))
    const path = join(place, 'way', 'key')
    expect((await readOwnFile(path, null)).ok).toBe(true)
    expect((await readOwnFile(join(folder, 'way', 'key'), null)).ok).toBe(true)
    await chmod(place, 0o777)
    const said = `the folder ${place} may be written by others (mode 0777): run chmod go-w ${place}`
    expect(await refusal(path)).toBe(said)
    expect(await refusal(join(folder, 'way', 'key'))).toBe(said)
    await chmod(place, 0o1777)
    expect((await readOwnFile(path, null)).ok).toBe(true)
    if (!isRoot) return
    // With the sticky bit, whoever made a link may turn it.
    lchownSync(join(place, 'way'), 12_345, 12_345)
    expect(await refusal(path)).toBe(`the link ${join(place, 'way')} belongs to user 12345`)
  })

  it('is refused as a link, a folder, a pipe, or where it is not there', async () => {
    const link = join(folder, 'link')
    await symlink(await file('target', 'sk'), link)
    expect(await refusal(link)).toBe(`the file ${link} is a symbolic link: name the file itself`)
    expect(await refusal(folder)).toMatch(/is not a regular file|cannot be read/)
    const pipe = join(folder, 'pipe')
    spawnSync('mkfifo', [pipe])
    expect(await refusal(pipe)).toMatch(/is not a regular file/)
    expect(await refusal(join(folder, 'nothing'))).toBe(`there is no file ${join(folder, 'nothing')}`)
    const dangling = join(folder, 'dangling')
    await symlink(join(folder, 'nothing'), dangling)
    expect(await refusal(dangling)).toMatch(/cannot be followed: ENOENT/)
  })

  it('is refused where it is too large or no text', async () => {
    expect((await readOwnFile(await file('large', 'x'.repeat(maxOwnFileBytes)), null)).ok).toBe(true)
    expect(await refusal(await file('larger', 'x'.repeat(maxOwnFileBytes + 1)))).toContain('is larger than 65536 bytes')
    expect(await refusal(await file('bytes', new Uint8Array([0xff, 0xfe])))).toContain('is not UTF-8 text')
  })
})

describe('what a platform mounts', () => {
  it.runIf(isRoot)('is read although others can, where it is root’s and nobody can write it', async () => {
    expect((await readOwnFile(await file('secret', 'sk', 0o444), null)).ok).toBe(true)
    expect((await readOwnFile(await file('secret', 'sk', 0o440), null)).ok).toBe(true)
  })

  it.runIf(isRoot)('is read through the links of a Kubernetes volume', async () => {
    const volume = join(folder, 'volume')
    await mkdir(join(volume, '..2026'), { recursive: true })
    await writeFile(join(volume, '..2026', 'key'), 'sk', { mode: 0o444 })
    await symlink('..2026', join(volume, '..data'))
    await symlink('..data/key', join(volume, 'key'))
    expect(await readOwnFile(join(volume, 'key'), null)).toEqual({ ok: true, value: 'sk' })
  })

  it.runIf(isRoot)('is not what a link of another user leads to', async () => {
    const path = await file('theirs', 'sk', 0o444)
    const link = join(folder, 'their-link')
    await symlink(path, link)
    lchownSync(link, 12_345, 12_345)
    expect(await refusal(link)).toContain('is a symbolic link')
  })

  it.runIf(isRoot)('is not what another user owns', async () => {
    const path = await file('foreign', 'sk')
    chownSync(path, 12_345, 12_345)
    expect(await refusal(path)).toContain('belongs to user 12345')
  })

  it.each([
    [{ uid: 0, mode: 0o100444 }, true],
    [{ uid: 0, mode: 0o100664 }, false],
    [{ uid: 0, mode: 0o100646 }, false],
    [{ uid: 1000, mode: 0o100444 }, false],
  ])('%j is root’s alone to write: %s', async (facts, expected) => {
    expect(await isReadOnlyOfRoot('/nothing', facts)).toBe(expected)
  })
})

describe('this machine', () => {
  it('knows the folder of this user', () => {
    expect(createMachine().home).toMatch(/^[/A-Z]/)
  })
})
