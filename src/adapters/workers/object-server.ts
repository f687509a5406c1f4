// A Durable Object as a server: every call goes to the stub that belongs to whoever asks.
import type { CoordinationServer } from '../../coordination/messages.ts'

/**
 * The server behind stubs of one object.
 * @param stub the stub to call; asked for anew each time, as a stub belongs to the request that made it
 */
export function objectServer(
  stub: () => Omit<CoordinationServer, 'keeps' | 'concerns'>,
  keeps: CoordinationServer['keeps'] = 'everything',
): CoordinationServer {
  return {
    keeps,
    admit: (message) => stub().admit(message),
    report: (message) => stub().report(message),
    renew: (message) => stub().renew(message),
    claimProbe: (message) => stub().claimProbe(message),
    view: () => stub().view(),
    resetLocks: (selector) => stub().resetLocks(selector),
    resetBreaker: (route, target, model) => stub().resetBreaker(route, target, model),
  }
}
