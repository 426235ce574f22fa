// Where one is in the window, in the hash: back and forward work, and a page can be opened again.
import { useSyncExternalStore } from 'react'

export type Route =
  | { page: 'overview' }
  | { page: 'payouts' }
  | { page: 'new-payout' }
  | { page: 'new-batch' }
  | { page: 'proposal'; id: string }
  | { page: 'payees' }
  | { page: 'vaults' }
  | { page: 'new-vault' }
  | { page: 'vault'; name: string }
  | { page: 'policy' }
  | { page: 'officers' }
  | { page: 'enrol' }
  | { page: 'journal' }
  | { page: 'settings' }

export function path(route: Route): string {
  switch (route.page) {
    case 'overview':
      return '#/'
    case 'new-payout':
      return '#/payouts/new'
    case 'new-batch':
      return '#/payouts/table'
    case 'proposal':
      return `#/proposals/${encodeURIComponent(route.id)}`
    case 'new-vault':
      return '#/vaults/new'
    case 'vault':
      return `#/vaults/of/${encodeURIComponent(route.name)}`
    case 'enrol':
      return '#/officers/enrol'
    default:
      return `#/${route.page}`
  }
}

export function parse(hash: string): Route {
  const [first = '', second, third] = hash
    .replace(/^#\/?/, '')
    .split('?')[0]!
    .split('/')
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return ''
      }
    })
  switch (first) {
    case 'payouts':
      if (second === 'new') return { page: 'new-payout' }
      if (second === 'table') return { page: 'new-batch' }
      return { page: 'payouts' }
    case 'proposals':
      return second ? { page: 'proposal', id: second } : { page: 'payouts' }
    case 'vaults':
      if (second === 'new') return { page: 'new-vault' }
      if (second === 'of' && third) return { page: 'vault', name: third }
      return { page: 'vaults' }
    case 'officers':
      return second === 'enrol' ? { page: 'enrol' } : { page: 'officers' }
    case 'payees':
    case 'policy':
    case 'journal':
    case 'settings':
      return { page: first }
    default:
      return { page: 'overview' }
  }
}

function subscribe(listener: () => void) {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash)
}

export function useRoute(): Route {
  return parse(useHash())
}

/** What was handed to a page beside its path, such as `?vault=Operations`. */
export function useHanded(name: string): string | null {
  const query = useHash().split('?')[1]
  return query ? new URLSearchParams(query).get(name) : null
}

export function go(route: Route, handed?: Record<string, string>) {
  const query = handed ? `?${new URLSearchParams(handed).toString()}` : ''
  window.location.hash = path(route) + query
}
