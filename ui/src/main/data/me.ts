// Who sits at this machine: the officers whose keys are plugged in, and the one of them who proposes.
import { useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

import { keysQuery } from './queries'

let chosen: string | null = null
const listeners = new Set<() => void>()

export function actAs(officer: string) {
  chosen = officer
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useMe(): string[] {
  const keys = useQuery(keysQuery)
  return (keys.data ?? []).flatMap((key) => (key.officer ? [key.officer] : []))
}

/** Who proposes: the officer who was chosen, or the first whose key is here. Nobody while no key is. */
export function useProposer(): string | null {
  const me = useMe()
  const wanted = useSyncExternalStore(subscribe, () => chosen)
  return wanted !== null && me.includes(wanted) ? wanted : (me[0] ?? null)
}
