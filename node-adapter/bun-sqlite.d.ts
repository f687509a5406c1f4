// The part of bun:sqlite that is used. Bun's own types would bring its globals into every file of this folder.
declare module 'bun:sqlite' {
  type Value = string | number | null | Uint8Array

  export class Database {
    constructor(path: string, options: { create: boolean; readwrite: boolean })
    prepare(sql: string): {
      all(...params: Value[]): unknown[]
      run(...params: Value[]): { changes: number }
    }
    exec(sql: string): unknown
    close(): void
  }
}
