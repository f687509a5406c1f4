// Client profiles: coding clients that are expected, and the models and accounts that they may use.
import { checkUnique } from './compile-access.ts'
import { didYouMean } from './hints.ts'
import type { Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { ClientProfile, ProviderRecord } from './snapshot.ts'

/** Checks the profiles. The modes that would touch a client's own login are reserved and refused. */
export function compileClientProfiles(
  config: Pick<Config, 'client_profiles'>,
  providers: ReadonlyMap<string, ProviderRecord>,
  report: Report,
): readonly ClientProfile[] {
  const profiles = config.client_profiles
  checkUnique(profiles, (profile) => profile.id, 'id', ['client_profiles'], report)
  const known = [...providers].flatMap(([id, { accounts }]) =>
    accounts.flatMap((account) => [account.id, `${id}/${account.id}`]),
  )
  for (const [index, profile] of profiles.entries()) {
    const path = ['client_profiles', index] as const
    if (profile.mode !== 'ingress')
      report.problem([...path, 'mode'], `"${profile.mode}" is reserved`, 'only "ingress" is served')
    for (const [at, account] of profile.accounts.entries())
      if (!known.includes(account))
        report.problem(
          [...path, 'accounts', at],
          `no account ${JSON.stringify(account)}`,
          didYouMean(account, known) ?? 'write "account" or "provider/account"',
        )
  }
  return profiles
}
