import type { Route } from '../frame/router'
import { Journal } from './journal/journal'
import { NewBatch } from './new-payout/new-batch'
import { NewPayout } from './new-payout/new-payout'
import { Enrol } from './officers/enrol'
import { Officers } from './officers/officers'
import { Overview } from './overview/overview'
import { Payees } from './payees/payees'
import { Payouts } from './payouts/payouts'
import { Policy } from './policy/policy'
import { Proposal } from './proposal/proposal'
import { Settings } from './settings/settings'
import { NewVault } from './vaults/new-vault'
import { VaultPage } from './vaults/vault'
import { Vaults } from './vaults/vaults'

export function PageOf({ route }: { route: Route }) {
  switch (route.page) {
    case 'overview':
      return <Overview />
    case 'payouts':
      return <Payouts />
    case 'new-payout':
      return <NewPayout />
    case 'new-batch':
      return <NewBatch />
    case 'proposal':
      return <Proposal key={route.id} id={route.id} />
    case 'payees':
      return <Payees />
    case 'vaults':
      return <Vaults />
    case 'new-vault':
      return <NewVault />
    case 'vault':
      return <VaultPage key={route.name} name={route.name} />
    case 'policy':
      return <Policy />
    case 'officers':
      return <Officers />
    case 'enrol':
      return <Enrol />
    case 'journal':
      return <Journal />
    case 'settings':
      return <Settings />
  }
}
