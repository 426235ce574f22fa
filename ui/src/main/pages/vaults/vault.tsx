import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { RefreshCw, Send, Snowflake } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { tell } from '../../data/acts'
import { api } from '../../data/api'
import { holdingsQuery, vaultsQuery } from '../../data/queries'
import type { Holdings, ReadProgress, Vault } from '../../data/types'
import { go } from '../../frame/router'
import { Address } from '../../parts/address'
import { Amount } from '../../parts/amount'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { count, useLocale } from '../../parts/format'
import { PageBody, Section } from '../../parts/page'
import { Loaded } from '../../parts/states'
import { Time } from '../../parts/time'
import { Assets } from './assets'
import { Ceremony } from './ceremony'
import { Receive } from './receive'
import { SeatBadge, VaultState } from './state'
import { Sweep } from './sweep'

export function VaultPage({ name }: { name: string }) {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  return (
    <Loaded query={vaults} lines={8}>
      {(all) => {
        const vault = all.find((one) => one.name === name)
        return vault ? (
          <Whole vault={vault} />
        ) : (
          <PageBody title={name}>
            <Notice tone="plain" title={t('vaults.unknown', { name })} />
          </PageBody>
        )
      }}
    </Loaded>
  )
}

function Whole({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const freeze = useMutation({ mutationFn: () => api.openFreeze({ what: 'vault', id: vault.id }), onError: tell })
  const ready = vault.state === 'ready'
  return (
    <PageBody
      wide
      title={
        <span className="title-with">
          {vault.name} <VaultState vault={vault} />
        </span>
      }
      lead={`${vault.network_words} · ${t('vaults.threshold', { threshold: vault.threshold, count: vault.seats.length })} · ${t('vaults.final', { count: vault.confirmations })}`}
      actions={
        ready && (
          <>
            <Button look="stop" icon={Snowflake} busy={freeze.isPending} onClick={() => freeze.mutate()}>
              {t('vaults.freeze')}
            </Button>
            <Button look="primary" icon={Send} hint="n" data-key="n" onClick={() => go({ page: 'new-payout' }, { vault: vault.name })}>
              {t('vaults.pay')}
            </Button>
          </>
        )
      }
    >
      {!ready && <Ceremony vault={vault} />}
      {ready && (
        <div className="vault-columns">
          <div>
            <Held vault={vault} />
            <Sweep vault={vault} />
          </div>
          <div>
            <Receive vault={vault} />
          </div>
        </div>
      )}
      {vault.network.startsWith('eip155') && <Assets vault={vault} />}
      <Seats vault={vault} />
    </PageBody>
  )
}

/** What a vault holds: as it was last read, and read again from the node on demand or when it never was. */
function Held({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const client = useQueryClient()
  const holdings = useQuery(holdingsQuery(vault.name))
  const [progress, setProgress] = useState<ReadProgress | null>(null)
  const read = useMutation({
    mutationFn: () => api.readHoldings(vault.name, setProgress),
    onSuccess: (known) => client.setQueryData(holdingsQuery(vault.name).queryKey, known),
    onError: tell,
    onSettled: () => setProgress(null),
  })
  const stop = useMutation({ mutationFn: api.stopReading, onError: tell })
  const { mutate } = read
  const never = holdings.data === null
  useEffect(() => {
    if (never) mutate()
  }, [never, mutate])
  return (
    <Section
      id="held"
      title={t('vaults.holds')}
      aside={
        read.isPending ? (
          <Button look="quiet" busy={stop.isPending} onClick={() => stop.mutate()}>
            {t('vaults.stopReading')}
          </Button>
        ) : (
          <Button look="quiet" icon={RefreshCw} onClick={() => read.mutate()}>
            {t('vaults.readAgain')}
          </Button>
        )
      }
    >
      {read.isPending && (
        <div className="reading">
          <progress className="progress" aria-label={t('vaults.reading')} {...(progress && progress.of > 0 ? { max: progress.of, value: progress.done } : {})} />
          <p className="sub" role="status">
            {progress && progress.of > 0 ? t('vaults.readingBlock', { done: count(progress.done, locale), of: count(progress.of, locale) }) : t('vaults.reading')}
          </p>
        </div>
      )}
      <Loaded query={holdings}>{(known) => (known ? <HoldingsTable vault={vault} known={known} /> : !read.isPending && <p className="faint">{t('overview.notRead')}</p>)}</Loaded>
    </Section>
  )
}

function HoldingsTable({ vault, known }: { vault: Vault; known: Holdings }) {
  const { t } = useTranslation()
  const locale = useLocale()
  if (known.trouble) {
    return (
      <Notice tone="wait" title={t('vaults.notKnown')}>
        {known.trouble}
      </Notice>
    )
  }
  return (
    <div className="card">
      <table className="table">
        <caption className="sr-only">{t('vaults.holds')}</caption>
        <tbody>
          {known.totals.map((money) => (
            <tr key={money.asset}>
              <th scope="row" className="row-head">
                {t('vaults.total')}
              </th>
              <td className="right">
                <Amount of={money} strong />
              </td>
            </tr>
          ))}
          {known.parts.map((part) => (
            <tr key={part.what}>
              <th scope="row" className="row-head faint">
                {part.what}
              </th>
              <td className="right faint">
                <Amount of={part.amount} />
              </td>
            </tr>
          ))}
          {known.accounts.map((account) => (
            <tr key={account.address}>
              <th scope="row" className="row-head">
                {account.index === 0 ? t('vaults.mainAccount') : t('vaults.deposit', { index: account.index })}
                <Address of={account.address} label={t('vaults.addressOfVault', { vault: vault.name })} />
              </th>
              <td className="right">
                {account.holds.length === 0 && <span className="faint">–</span>}
                {account.holds.map((money) => (
                  <p key={money.asset}>
                    <Amount of={money} />
                  </p>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {known.unanswered.map((asset) => (
        <p key={asset} className="card-body text-wait">
          {t('overview.unanswered', { asset })}
        </p>
      ))}
      <p className="sub table-foot">
        {known.as_of !== null && t('overview.asOf', { block: count(known.as_of, locale) })}
        {known.read && (
          <>
            , {t('vaults.read')} <Time at={known.read} />
          </>
        )}
      </p>
    </div>
  )
}

function Seats({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const ready = vault.state === 'ready'
  return (
    <Section id="seats" title={t('vaults.seats')} aside={t('vaults.seatsAside', { threshold: vault.threshold, count: vault.seats.length })}>
      <div className="card">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('vaults.seat')}</th>
              <th scope="col">{t('vaults.kind')}</th>
              <th scope="col">{t('vaults.openedBy')}</th>
              <th scope="col">{t('vaults.machine')}</th>
              <th scope="col">{t('vaults.state')}</th>
            </tr>
          </thead>
          <tbody>
            {vault.seats.map((seat) => (
              <tr key={seat.number}>
                <td className="font-medium">{seat.name}</td>
                <td>{t(`vaults.kinds.${seat.kind}`)}</td>
                <td>{seat.words}</td>
                <td>{seat.machine}</td>
                <td>
                  <SeatBadge seat={seat} made={ready} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
