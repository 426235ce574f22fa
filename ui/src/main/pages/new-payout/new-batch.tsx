import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useDeferredValue, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { usePropose } from '../../data/acts'
import { isCancelled } from '../../data/error'
import { useProposer } from '../../data/me'
import { vaultsQuery } from '../../data/queries'
import type { TableAnswer, Vault } from '../../data/types'
import { Badge } from '../../parts/badge'
import { Button } from '../../parts/button'
import { Field, SelectField, TextField } from '../../parts/field'
import { count, useLocale } from '../../parts/format'
import { moneyText } from '../../parts/money'
import { PageBody } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice, Loaded, Skeleton } from '../../parts/states'
import { CheckedTable } from './checked-table'
import { NoVault } from './new-payout'
import { PolicyAnswerView } from './policy-answer'

// Outlives the page, as the draft of a payout does.
let kept = { vault: '', csv: '', memo: '' }

/** Many payouts from a table: each line is checked before anything is proposed. */
export function NewBatch() {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  return (
    <PageBody wide title={t('batch.title')} lead={t('batch.lead')}>
      <Loaded query={vaults}>
        {(all) => {
          const ready = all.filter((vault) => vault.state === 'ready')
          return ready.length > 0 ? <Form vaults={ready} /> : <NoVault />
        }}
      </Loaded>
    </PageBody>
  )
}

function Form({ vaults }: { vaults: Vault[] }) {
  const { t } = useTranslation()
  const [vault, setVault] = useState(kept.vault || vaults[0]!.name)
  const [csv, setCsv] = useState(kept.csv)
  const [memo, setMemo] = useState(kept.memo)
  useEffect(() => {
    kept = { vault, csv, memo }
  }, [vault, csv, memo])
  const text = useDeferredValue(csv)
  const checked = useQuery({
    queryKey: ['table', vault, text, memo],
    queryFn: () => api.checkTable(vault, text, memo),
    enabled: text.trim() !== '',
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  })
  const answer = text.trim() === '' ? undefined : checked.data
  return (
    <div className="compose">
      <div className="compose-form">
        <div className="two">
          <SelectField label={t('newPayout.vault')} value={vault} options={vaults.map((one) => ({ value: one.name, label: `${one.name} · ${one.network_words}` }))} onChange={setVault} />
          <TextField label={t('newPayout.memo')} value={memo} onChange={setMemo} hint={t('batch.memoHint')} />
        </div>
        <Source csv={csv} onChange={setCsv} />
        {checked.error && <ErrorNotice error={checked.error} retry={() => void checked.refetch()} />}
        {text.trim() !== '' && !answer && checked.isFetching && <Skeleton lines={6} />}
        {answer && <Result answer={answer} csv={text} />}
        <Propose vault={vault} csv={csv} memo={memo} answer={answer} settled={text === csv && !checked.isFetching} onDone={() => setCsv('')} />
      </div>
      <aside className="compose-answer">
        <PolicyAnswerView answer={answer?.policy ?? { verdict: 'incomplete' }} unusual={answer?.unusual ?? []} busy={checked.isFetching} />
      </aside>
    </div>
  )
}

function Source({ csv, onChange }: { csv: string; onChange: (csv: string) => void }) {
  const { t } = useTranslation()
  const file = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const read = async (chosen: File | undefined) => {
    if (!chosen) return
    try {
      onChange(await chosen.text())
      setTrouble(null)
    } catch {
      setTrouble(t('batch.unreadable', { name: chosen.name }))
    }
  }
  return (
    <div
      className={over ? 'drop drop-over' : 'drop'}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        void read(event.dataTransfer.files[0])
      }}
    >
      <Field label={t('batch.table')} hint={t('batch.tableHint')} error={trouble}>
        {(props) => <textarea {...props} data-testid="csv" className="input mono" rows={csv ? 6 : 4} spellCheck={false} placeholder={'payee,amount,asset,memo\nFoundry Ltd,0.5,BTC,invoice 118'} value={csv} onChange={(event) => onChange(event.target.value)} />}
      </Field>
      <input ref={file} type="file" accept=".csv,text/csv,text/plain" className="hidden" aria-label={t('batch.choose')} tabIndex={-1} onChange={(event) => void read(event.target.files?.[0])} />
      <Button icon={FileUp} onClick={() => file.current?.click()}>
        {t('batch.choose')}
      </Button>
    </div>
  )
}

function Result({ answer, csv }: { answer: TableAnswer; csv: string }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const bad = answer.bad.length
  const good = answer.rows.length
  return (
    <section className="stack" aria-label={t('batch.checked')}>
      <div className="batch-summary" role="status">
        {bad > 0 && <Badge tone="stop">{t('batch.bad', { count: bad, shown: count(bad, locale) })}</Badge>}
        {good > 0 && <Badge tone="done">{t('batch.good', { count: good, shown: count(good, locale) })}</Badge>}
        <span className="ml-auto font-medium">{answer.totals.map((money) => moneyText(money, locale)).join(' + ')}</span>
      </div>
      <CheckedTable rows={answer.rows} bad={answer.bad} csv={csv} />
    </section>
  )
}

function Propose({ vault, csv, memo, answer, settled, onDone }: { vault: string; csv: string; memo: string; answer: TableAnswer | undefined; settled: boolean; onDone: () => void }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const officer = useProposer()
  const propose = usePropose((table: string, by) => api.proposeTable(vault, table, memo, by))
  const rows = answer?.rows.length ?? 0
  const ready = settled && officer !== null && answer !== undefined && rows > 0 && answer.bad.length === 0 && answer.policy.verdict === 'requires'
  const amount = answer?.totals.map((money) => moneyText(money, locale)).join(' + ') ?? ''
  return (
    <div className="stack">
      {propose.error && !isCancelled(propose.error) && <ErrorNotice title={t('newPayout.notProposed')} error={propose.error} />}
      <div className="form-foot">
        <Button look="primary" data-testid="propose" disabled={!ready} busy={propose.isPending} onClick={() => propose.mutate(csv, { onSuccess: onDone })}>
          {rows > 0 ? t('batch.propose', { count: rows, amount }) : t('batch.proposeNothing')}
        </Button>
        <Proposer />
      </div>
      <p className="sub">{t('batch.allOrNothing')}</p>
    </div>
  )
}
