// The ways out: proxies, and the hosts that may be reached at all.

/** A way out that is not the direct one. */
export interface EgressRecord {
  readonly id: string
  /** `http://host:port` of an HTTP proxy that knows CONNECT; from the file, or from a variable. */
  readonly url: { readonly from: 'file'; readonly url: string } | { readonly from: 'env'; readonly env: string }
  /** Sent to the proxy with CONNECT. */
  readonly headers: Readonly<Record<string, string>>
  readonly userAgent: string | null
  readonly enabled: boolean
}

/** What holds for every way out. */
export interface EgressSettings {
  readonly proxies: ReadonlyMap<string, EgressRecord>
  /** The proxy of whoever names none. */
  readonly defaultId: string | null
  /** The kill switch: false sends nothing through a proxy, and refuses what would have to. */
  readonly enabled: boolean
  /** Host globs (`api.openai.com`, `*.amazonaws.com`) that everything configured has to match; empty: any host. */
  readonly allowedHosts: readonly string[]
}
