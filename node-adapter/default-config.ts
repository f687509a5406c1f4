// Which configuration is meant where none, or only a variable, says so. Never one of the folder that the command happens to
// run in: that may be somebody else's repository, and a configuration decides where keys are sent.
import { lstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { isConfigText } from './config-source.ts'

/** Who named it. */
export type ConfigOrigin = 'flag' | 'variable' | 'home' | 'quickstart'

export interface ConfigChoice {
  /** A path, or the configuration itself where it begins with `{`. */
  readonly source: string
  readonly origin: ConfigOrigin
}

const quickstart = fileURLToPath(new URL('../configs/quickstart.jsonc', import.meta.url))

/** The flag, else `SIGNALBOX_CONFIG`, else the file of this user where there is one, else the quickstart file. */
export function chooseConfig(flag?: string, env: NodeJS.ProcessEnv = process.env): ConfigChoice {
  if (flag !== undefined) return { source: flag, origin: 'flag' }
  const named = env['SIGNALBOX_CONFIG']?.trim() ?? ''
  if (named !== '') return { source: named, origin: 'variable' }
  const own = userConfigPath(env)
  // One that is there and cannot be used is reported, and not passed over for another configuration.
  if (own !== undefined && isThere(own)) return { source: own, origin: 'home' }
  return { source: quickstart, origin: 'quickstart' }
}

/**
 * The configuration of this user, whether it is there or not: `signalbox/signalbox.jsonc` in `XDG_CONFIG_HOME`, else in
 * `~/.config`. Undefined where there is no such folder. https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function userConfigPath(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['XDG_CONFIG_HOME'] ?? ''
  const home = env['HOME'] || homeOfUser()
  // The specification wants relative paths ignored; a relative home would lead into the current folder as well.
  const base = isAbsolute(named) ? named : isAbsolute(home) ? join(home, '.config') : undefined
  return base === undefined ? undefined : join(base, 'signalbox', 'signalbox.jsonc')
}

/** The choice for people, as one line. */
export function choiceText({ source, origin }: ConfigChoice): string {
  if (isConfigText(source)) return `configuration: the value of ${origin === 'flag' ? '--config' : 'SIGNALBOX_CONFIG'}`
  return `configuration: ${resolve(source)} (${reasons[origin]})`
}

const reasons: Readonly<Record<ConfigOrigin, string>> = {
  flag: 'named by --config',
  variable: 'named by SIGNALBOX_CONFIG',
  home: 'yours',
  quickstart: 'the quickstart; `signalbox init` writes one of your own',
}

function homeOfUser(): string {
  try {
    return homedir()
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return ''
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
