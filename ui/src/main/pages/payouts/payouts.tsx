import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Layers, Search, Send } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { ANY, vaultsQuery } from '../../data/queries'
import type { Kind, Query, Status } from '../../data/types'
import { go, useHanded } from '../../frame/router'
import { Button } from '../../parts/button'
import { CheckField, SelectField } from '../../parts/field'
import { count, useLocale } from '../../parts/format'
import { Empty, ErrorNotice, Skeleton } from '../../parts/states'
import { CHANGING, PAYING } from '../proposal/kind'
import { ProposalTable } from './table'

/** Rows in one answer of the shell. */
const ROWS = 200

const KINDS: Record<'payouts' | 'changes' | 'all', Kind[]> = { payouts: PAYING, changes: CHANGING, all: [] }
type KindChoice = keyof typeof KINDS

const STATUSES: Status[] = ['open', 'planned', 'signing', 'aborted', 'signed', 'broadcast', 'confirmed', 'enacted', 'reverted', 'replaced', 'cancelled', 'declined', 'lapsed']

export function Payouts() {
  const { t } = useTranslation()
  const locale = useLocale()
  const handed = useHanded('text')
  const [query, setQuery] = useState<Query>({ ...ANY, text: handed ?? '', kinds: PAYING })
  const [kinds, setKinds] = useState<KindChoice>('payouts')
  const change = (part: Partial<Query>) => setQuery((now) => ({ ...now, ...part }))
  const asked = useDeferredValue(query)
  const pages = useInfiniteQuery({
    queryKey: ['proposals', 'pages', asked],
    queryFn: ({ pageParam }) => api.proposals(asked, pageParam, ROWS),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const rows = pages.data?.pages.flatMap((page) => page.rows) ?? []
  const total = pages.data?.pages[0]?.total ?? 0
  const filtered = query.text !== '' || query.statuses.length > 0 || query.open_only || query.vault !== null || kinds !== 'payouts'
  const clear = () => {
    setQuery({ ...ANY, kinds: PAYING })
    setKinds('payouts')
  }
  return (
    <div className="fill">
      <header className="page-head fill-head">
        <div className="page-title">
          <h1 tabIndex={-1} id="page-title">
            {t('payouts.title')}
          </h1>
        </div>
        <div className="page-actions">
          <Button icon={Layers} onClick={() => go({ page: 'new-batch' })}>
            {t('batch.title')}
          </Button>
          <Button look="primary" icon={Send} hint="n" data-key="n" onClick={() => go({ page: 'new-payout' })}>
            {t('newPayout.title')}
          </Button>
        </div>
      </header>
      <Filters query={query} kinds={kinds} onChange={change} onKinds={(choice) => (setKinds(choice), change({ kinds: KINDS[choice] }))} />
      <p className="sub fill-count" role="status">
        {pages.data && t('payouts.count', { count: total, shown: count(total, locale) })}
        {filtered && (
          <button type="button" className="text-button" onClick={clear}>
            {t('payouts.clear')}
          </button>
        )}
      </p>
      {pages.error ? (
        <ErrorNotice error={pages.error} retry={() => void pages.refetch()} />
      ) : !pages.data ? (
        <Skeleton lines={10} />
      ) : rows.length === 0 ? (
        <NoRows filtered={filtered} clear={clear} />
      ) : (
        <ProposalTable rows={rows} total={total} query={query} onSort={(sort, descending) => change({ sort, descending })} onEnd={() => pages.hasNextPage && !pages.isFetchingNextPage && void pages.fetchNextPage()} />
      )}
    </div>
  )
}

function Filters({ query, kinds, onChange, onKinds }: { query: Query; kinds: KindChoice; onChange: (part: Partial<Query>) => void; onKinds: (choice: KindChoice) => void }) {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  return (
    <div className="filters" role="search" aria-label={t('payouts.filter')}>
      <div className="search">
        <Search size={16} aria-hidden />
        <input className="input" data-key="/" aria-label={t('payouts.search')} placeholder={t('payouts.search')} value={query.text} onChange={(event) => onChange({ text: event.target.value })} />
        <kbd aria-hidden>/</kbd>
      </div>
      <SelectField
        hideLabel
        label={t('payouts.kind')}
        value={kinds}
        options={(['payouts', 'changes', 'all'] as const).map((value) => ({ value, label: t(`payouts.kinds.${value}`) }))}
        onChange={(value) => onKinds(value as KindChoice)}
      />
      <SelectField
        hideLabel
        label={t('payouts.status')}
        value={query.statuses[0] ?? ''}
        options={[{ value: '', label: t('payouts.anyStatus') }, ...STATUSES.map((status) => ({ value: status, label: t(`status.${status}`) }))]}
        onChange={(value) => onChange({ statuses: value ? [value as Status] : [] })}
      />
      <SelectField
        hideLabel
        label={t('payouts.vault')}
        value={query.vault ?? ''}
        options={[{ value: '', label: t('payouts.anyVault') }, ...(vaults.data ?? []).map((vault) => ({ value: vault.name, label: vault.name }))]}
        onChange={(value) => onChange({ vault: value || null })}
      />
      <CheckField label={t('payouts.openOnly')} checked={query.open_only} onChange={(open_only) => onChange({ open_only })} />
    </div>
  )
}

function NoRows({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  const { t } = useTranslation()
  if (filtered) {
    return (
      <Empty icon={Search} title={t('payouts.noneFound')} action={<Button onClick={clear}>{t('payouts.clear')}</Button>}>
        {t('payouts.noneFoundText')}
      </Empty>
    )
  }
  return (
    <Empty
      icon={Send}
      title={t('payouts.none')}
      action={
        <Button look="primary" onClick={() => go({ page: 'new-payout' })}>
          {t('newPayout.title')}
        </Button>
      }
    >
      {t('payouts.noneText')}
    </Empty>
  )
}
