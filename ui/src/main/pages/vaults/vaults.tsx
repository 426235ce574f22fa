import { useQuery } from '@tanstack/react-query'
import { Plus, Vault as VaultIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { holdingsQuery, vaultsQuery } from '../../data/queries'
import type { Vault } from '../../data/types'
import { go, path } from '../../frame/router'
import { Amount } from '../../parts/amount'
import { Badge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { PageBody } from '../../parts/page'
import { Empty, Loaded } from '../../parts/states'
import { Pending } from '../overview/pending'
import { VaultState } from './state'

export function Vaults() {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  return (
    <PageBody
      title={t('vaults.title')}
      lead={t('vaults.lead')}
      actions={
        <Button look="primary" icon={Plus} hint="n" data-key="n" onClick={() => go({ page: 'new-vault' })}>
          {t('newVault.title')}
        </Button>
      }
    >
      <Pending kinds={['asset', 'sweep']} />
      <Loaded query={vaults}>
        {(all) =>
          all.length === 0 ? (
            <div className="card">
              <Empty
                icon={VaultIcon}
                title={t('overview.noVault')}
                action={
                  <Button look="primary" onClick={() => go({ page: 'new-vault' })}>
                    {t('newVault.title')}
                  </Button>
                }
              >
                {t('overview.noVaultText')}
              </Empty>
            </div>
          ) : (
            <div className="card">
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">{t('vaults.vault')}</th>
                    <th scope="col">{t('vaults.seats')}</th>
                    <th scope="col">{t('vaults.state')}</th>
                    <th scope="col" className="right">
                      {t('vaults.holds')}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((vault) => (
                    <Line key={vault.id} vault={vault} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </PageBody>
  )
}

function Line({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  return (
    <tr className="row-link">
      <td>
        <a data-row className="cell-link" href={path({ page: 'vault', name: vault.name })}>
          {vault.name}
        </a>
        <p className="sub">{vault.network_words}</p>
      </td>
      <td>
        {t('vaults.threshold', { threshold: vault.threshold, count: vault.seats.length })}
        <p className="sub">{vault.seats.map((seat) => seat.name).join(', ')}</p>
      </td>
      <td>
        <VaultState vault={vault} />
      </td>
      <td className="right">{vault.state === 'ready' ? <Holds vault={vault.name} /> : <span className="faint">–</span>}</td>
    </tr>
  )
}

function Holds({ vault }: { vault: string }) {
  const { t } = useTranslation()
  const holdings = useQuery(holdingsQuery(vault))
  const trouble = holdings.error?.message ?? holdings.data?.trouble
  if (trouble) {
    return (
      <span title={trouble}>
        <Badge tone="wait">{t('overview.notKnown')}</Badge>
      </span>
    )
  }
  return holdings.data?.totals.map((money) => (
    <p key={money.asset}>
      <Amount of={money} />
    </p>
  ))
}
