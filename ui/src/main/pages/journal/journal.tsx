import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { FileDown, FileKey2, Search } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { tell } from '../../data/acts'
import { api } from '../../data/api'
import { verificationQuery } from '../../data/queries'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { SelectField } from '../../parts/field'
import { count, short, useLocale } from '../../parts/format'
import { PageBody } from '../../parts/page'
import { Empty, ErrorNotice, Skeleton } from '../../parts/states'
import { say } from '../../parts/toast'
import { Entries } from './entries'
import { NAMES } from './names'

const ROWS = 100

export function Journal() {
  const { t } = useTranslation()
  const locale = useLocale()
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const asked = useDeferredValue(text)
  const exported = useMutation({ mutationFn: api.exportJournal, onSuccess: ({ path }) => say(t('journal.exported', { path })), onError: tell })
  const pages = useInfiniteQuery({
    queryKey: ['journal', 'pages', asked, name],
    queryFn: ({ pageParam }) => api.journal({ text: asked, names: name ? [name] : [], before: pageParam, limit: ROWS }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const rows = pages.data?.pages.flatMap((page) => page.rows) ?? []
  const total = pages.data?.pages[0]?.total ?? 0
  return (
    <PageBody
      wide
      title={t('journal.title')}
      lead={t('journal.lead')}
      actions={
        <Button icon={FileDown} busy={exported.isPending} onClick={() => exported.mutate()}>
          {t('journal.export')}
        </Button>
      }
    >
      <Verified />
      <div className="filters" role="search" aria-label={t('payouts.filter')}>
        <div className="search">
          <Search size={16} aria-hidden />
          <input className="input" data-key="/" aria-label={t('journal.search')} placeholder={t('journal.search')} value={text} onChange={(event) => setText(event.target.value)} />
          <kbd aria-hidden>/</kbd>
        </div>
        <SelectField hideLabel label={t('journal.kind')} value={name} options={[{ value: '', label: t('journal.anyKind') }, ...NAMES.map((one) => ({ value: one, label: t(`journal.names.${one}`) }))]} onChange={setName} />
        <span className="sub" role="status">
          {pages.data && t('journal.count', { count: total, shown: count(total, locale) })}
        </span>
      </div>
      {pages.error ? (
        <ErrorNotice error={pages.error} retry={() => void pages.refetch()} />
      ) : !pages.data ? (
        <Skeleton lines={10} />
      ) : rows.length === 0 ? (
        <Empty icon={FileKey2} title={t('payouts.noneFound')} />
      ) : (
        <>
          <Entries rows={rows} />
          {pages.hasNextPage && (
            <div className="more">
              <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                {t('journal.more')}
              </Button>
            </div>
          )}
        </>
      )}
    </PageBody>
  )
}

/** The chain of hashes, the signatures and the anchor, checked when the page opens. */
function Verified() {
  const { t } = useTranslation()
  const locale = useLocale()
  const verified = useQuery(verificationQuery)
  if (verified.error) return <ErrorNotice error={verified.error} retry={() => void verified.refetch()} />
  if (!verified.data) {
    return (
      <div className="section">
        <Notice tone="plain" title={t('journal.verifying')} />
      </div>
    )
  }
  const { ok, entries, head, trouble } = verified.data
  return (
    <div className="section">
      {ok ? (
        <Notice
          tone="done"
          title={t('journal.verified', { count: entries, shown: count(entries, locale) })}
          action={
            <Button look="quiet" busy={verified.isFetching} onClick={() => void verified.refetch()}>
              {t('journal.again')}
            </Button>
          }
        >
          {t('journal.head')} <span className="mono">{short(head)}</span>
        </Notice>
      ) : (
        <Notice tone="stop" title={t('journal.bad')}>
          <p>{trouble}</p>
          <p>{t('journal.badText')}</p>
        </Notice>
      )}
    </div>
  )
}
