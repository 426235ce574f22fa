import { BookUser, FileKey2, LayoutDashboard, type LucideIcon, ScrollText, Send, Settings, UsersRound, Vault } from 'lucide-react'

import type { Route } from './router'

type Place = 'overview' | 'payouts' | 'payees' | 'vaults' | 'policy' | 'officers' | 'journal' | 'settings'

export const PLACES: { place: Place; icon: LucideIcon }[] = [
  { place: 'overview', icon: LayoutDashboard },
  { place: 'payouts', icon: Send },
  { place: 'payees', icon: BookUser },
  { place: 'vaults', icon: Vault },
  { place: 'policy', icon: ScrollText },
  { place: 'officers', icon: UsersRound },
  { place: 'journal', icon: FileKey2 },
  { place: 'settings', icon: Settings },
]

export function placeOf(route: Route): Place {
  switch (route.page) {
    case 'new-payout':
    case 'new-batch':
    case 'proposal':
      return 'payouts'
    case 'vault':
    case 'new-vault':
      return 'vaults'
    case 'enrol':
      return 'officers'
    default:
      return route.page
  }
}
