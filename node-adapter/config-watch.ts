// Tells when files of a configuration may have changed. The system's own notice is quick and not to be relied upon (network
// drives, containers, links whose target is exchanged), so the files are looked at every second as well.
import { realpathSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import { configPaths } from './config-files.ts'

/** Milliseconds between two looks. */
export const pollMs = 1000

/** Calls `look` whenever it is worth a look at the files of the configuration at a path; the returned function ends it. */
export function watchConfig(source: string, look: () => void): () => void {
  const paths = configPaths(source)
  const names = new Set(paths.map((path) => basename(path)))
  const watchers = foldersOf(paths[0]).map((folder) => watchFolder(folder, look, (name) => names.has(name)))
  const timer = setInterval(look, pollMs)
  // A gateway that stops is not kept by it.
  timer.unref()
  return () => {
    clearInterval(timer)
    for (const watcher of watchers) watcher?.close()
  }
}

/** Where the file is, and where it really is. */
function foldersOf(path: string): readonly string[] {
  const folder = dirname(path)
  try {
    return [...new Set([folder, dirname(realpathSync(path))])]
  } catch {
    return [folder]
  }
}

// A folder and not the file: what is renamed over a file is another file.
function watchFolder(folder: string, look: () => void, isOurs: (name: string) => boolean): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      // Its target may have another name than the link.
      if (name === null || isOurs(name) || /json/i.test(name)) look()
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // Too many watchers, or a system without them: the looks of every second find it as well.
    return undefined
  }
}
