import { useQueries, useQuery } from '@tanstack/react-query'
import { Vault as VaultIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { historyQuery, holdingsQuery, vaultsQuery } from '../../data/queries'
import type { BalanceSeries, Holdings, Vault } from '../../data/types'
import { go, path } from '../../frame/router'
import { Amount } from '../../parts/amount'
import { Badge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { count, useLocale } from '../../parts/format'
import { Section } from '../../parts/page'
import { Empty, Loaded } from '../../parts/states'
import { HistoryLine } from './history-line'

const DAYS = 90

export function Balances() {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  return (
    <Section id="balances" title={t('overview.balances')} aside={t('overview.days', { count: DAYS })}>
      <Loaded query={vaults}>
        {(all) => {
          const ready = all.filter((vault) => vault.state === 'ready')
          return ready.length > 0 ? <Ready vaults={ready} /> : <NoVault made={all.length > 0} />
        }}
      </Loaded>
    </Section>
  )
}

function NoVault({ made }: { made: boolean }) {
  const { t } = useTranslation()
  return (
    <div className="card">
      <Empty
        icon={VaultIcon}
        title={t(made ? 'overview.vaultNotReady' : 'overview.noVault')}
        action={
          <Button look="primary" onClick={() => go({ page: made ? 'vaults' : 'new-vault' })}>
            {t(made ? 'nav.vaults' : 'newVault.title')}
          </Button>
        }
      >
        {t(made ? 'overview.vaultNotReadyText' : 'overview.noVaultText')}
      </Empty>
    </div>
  )
}

function Ready({ vaults }: { vaults: Vault[] }) {
  const history = useQuery(historyQuery(DAYS))
  const holdings = useQueries({ queries: vaults.map((vault) => holdingsQuery(vault.name)) })
  return (
    <div className="card balances">
      {vaults.map((vault, at) => (
        <VaultBalance key={vault.id} vault={vault} holdings={holdings[at]?.data} trouble={holdings[at]?.error?.message ?? null} history={history.data ?? []} />
      ))}
    </div>
  )
}

function VaultBalance({ vault, holdings, trouble, history }: { vault: Vault; holdings: Holdings | null | undefined; trouble: string | null; history: BalanceSeries[] }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const why = trouble ?? holdings?.trouble
  return (
    <article className="balance" aria-label={vault.name}>
      <header className="balance-head">
        <div>
          <a data-row href={path({ page: 'vault', name: vault.name })} className="line-title">
            {vault.name}
          </a>
          <p className="sub">{vault.network_words}</p>
        </div>
        <p className="sub">
          {why ? <Badge tone="wait">{t('overview.notKnown')}</Badge> : holdings?.as_of != null ? t('overview.asOf', { block: count(holdings.as_of, locale) }) : t('overview.notRead')}
        </p>
      </header>
      {why && <p className="sub text-wait">{why}</p>}
      {holdings?.totals.map((money) => (
        <div key={money.asset} className="balance-asset">
          <Amount of={money} strong />
          {history
            .filter((series) => series.vault === vault.name && series.asset === money.asset)
            .map((series) => (
              <HistoryLine key={series.asset} series={series} days={DAYS} />
            ))}
        </div>
      ))}
      {holdings?.unanswered.map((asset) => (
        <p key={asset} className="sub text-wait">
          {t('overview.unanswered', { asset })}
        </p>
      ))}
    </article>
  )
}
