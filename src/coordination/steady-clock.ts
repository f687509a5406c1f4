// A wall clock for what has to outlive a process: set back, it goes on from where it was.

/**
 * Milliseconds that follow the wall clock and never run backwards. A clock that is set back neither makes locks hold
 * longer nor brings them back; one that is set forward ends them sooner.
 */
export function createSteadyClock(wall: () => number): () => number {
  let last = -Infinity
  let ahead = 0
  return () => {
    const told = wall()
    if (told + ahead < last) ahead = last - told
    last = told + ahead
    return last
  }
}
