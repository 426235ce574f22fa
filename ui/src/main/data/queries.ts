// What is asked of the shell, kept until the shell says that it changed. Mutations don't touch what is
// kept: a change made by another window, or by the loop, comes the same way.
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'

import { api } from './api'
import type { Changed, Happened, Query } from './types'

export function newClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Infinity,
        gcTime: 5 * 60_000,
        retry: false,
        networkMode: 'always',
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
}

/** Which answers each change makes old. */
const MAKES_OLD: Record<Changed, string[]> = {
  frame: ['start', 'frame'],
  keys: ['keys', 'readiness'],
  nodes: ['nodes'],
  proposals: ['frame', 'proposals', 'proposal', 'items', 'limits', 'payees', 'vaults', 'draft', 'table'],
  payees: ['payees', 'draft', 'table'],
  vaults: ['vaults', 'holdings', 'history', 'draft'],
  policy: ['policy', 'limits', 'draft', 'table'],
  officers: ['officers', 'machines', 'enrolments', 'keys'],
  journal: ['journal', 'frame'],
  settings: ['settings', 'nodes'],
}

/** Follows the shell: asks again for what changed, and tells what happened. */
export async function follow(client: QueryClient, onHappened: (happened: Happened) => void): Promise<() => void> {
  const stops = await Promise.all([
    api.onChanged((tables) => {
      const old = new Set(tables.flatMap((table) => MAKES_OLD[table] ?? []))
      for (const key of old) void client.invalidateQueries({ queryKey: [key] })
    }),
    api.onHappened(onHappened),
  ])
  return () => {
    for (const stop of stops) stop()
  }
}

export const startQuery = queryOptions({ queryKey: ['start'], queryFn: api.start })
export const frameQuery = queryOptions({ queryKey: ['frame'], queryFn: api.frame })
export const keysQuery = queryOptions({ queryKey: ['keys'], queryFn: api.keys })
export const nodesQuery = queryOptions({ queryKey: ['nodes'], queryFn: api.nodes })
export const payeesQuery = queryOptions({ queryKey: ['payees'], queryFn: api.payees })
export const vaultsQuery = queryOptions({ queryKey: ['vaults'], queryFn: api.vaults })
export const limitsQuery = queryOptions({ queryKey: ['limits'], queryFn: api.limits })
export const policyQuery = queryOptions({ queryKey: ['policy'], queryFn: api.policy })
export const policyHistoryQuery = queryOptions({ queryKey: ['policy', 'history'], queryFn: api.policyHistory })
export const officersQuery = queryOptions({ queryKey: ['officers'], queryFn: api.officers })
export const machinesQuery = queryOptions({ queryKey: ['machines'], queryFn: api.machines })
export const historyQuery = (days: number) =>
  queryOptions({ queryKey: ['history', days], queryFn: () => api.history(days) })
export const enrolmentsQuery = queryOptions({ queryKey: ['enrolments'], queryFn: api.enrolments })
export const settingsQuery = queryOptions({ queryKey: ['settings'], queryFn: api.settings })
export const foundingQuery = queryOptions({ queryKey: ['enrolments', 'founding'], queryFn: api.foundingChoices })
export const readinessQuery = (serial: number) =>
  queryOptions({ queryKey: ['readiness', serial], queryFn: () => api.keyReadiness(serial) })
export const holdingsQuery = (vault: string) =>
  queryOptions({ queryKey: ['holdings', vault], queryFn: () => api.holdings(vault) })
/** On Bitcoin each asking gives a fresh address, so nothing but a person asks, and the answer is kept. */
export const receiveQuery = (vault: string, deposit: number | null) =>
  queryOptions({ queryKey: ['receive', vault, deposit], queryFn: () => api.receive(vault, deposit), gcTime: Infinity })
export const proposalQuery = (id: string) =>
  queryOptions({ queryKey: ['proposal', id], queryFn: () => api.proposal(id) })
export const verificationQuery = queryOptions({
  queryKey: ['journal', 'verified'],
  queryFn: api.verifyJournal,
})

const ITEMS = 200

export const batchItemsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['items', id],
    queryFn: ({ pageParam }) => api.batchItems(id, pageParam, ITEMS),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  })

export const ANY: Query = {
  text: '',
  kinds: [],
  statuses: [],
  open_only: false,
  payee: null,
  vault: null,
  sort: 'proposed',
  descending: true,
}

/** The newest proposals that answer a question: for short lists, not for the payouts page. */
export const someProposals = (query: Partial<Query>, limit: number) =>
  queryOptions({
    queryKey: ['proposals', 'some', query, limit],
    queryFn: () => api.proposals({ ...ANY, ...query }, null, limit),
    placeholderData: keepPreviousData,
  })
