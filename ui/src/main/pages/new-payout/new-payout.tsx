import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Plus, Table2, Vault as VaultIcon } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { usePropose } from '../../data/acts'
import { isCancelled } from '../../data/error'
import { useProposer } from '../../data/me'
import { vaultsQuery } from '../../data/queries'
import type { Draft, DraftAnswer, Vault } from '../../data/types'
import { go, path, useHanded } from '../../frame/router'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { SelectField, TextField } from '../../parts/field'
import { useLocale } from '../../parts/format'
import { moneyText, readAmount } from '../../parts/money'
import { InlineAmount } from '../../parts/amount'
import { PageBody } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { Empty, ErrorNotice, Loaded } from '../../parts/states'
import { asked, clearDraft, newLeg, useDraft, write, type Written } from './draft'
import { LegFields } from './leg-fields'
import { PolicyAnswerView } from './policy-answer'

/** The answer follows the typing, a little behind it. */
const BEHIND = 150
const EXPIRIES = [4, 24, 72, 168]

export function NewPayout() {
  const vaults = useQuery(vaultsQuery)
  const { t } = useTranslation()
  return (
    <PageBody
      wide
      title={t('newPayout.title')}
      lead={t('newPayout.lead')}
      actions={
        <Button icon={Table2} onClick={() => go({ page: 'new-batch' })}>
          {t('batch.instead')}
        </Button>
      }
    >
      <Loaded query={vaults}>
        {(all) => {
          const ready = all.filter((vault) => vault.state === 'ready')
          return ready.length > 0 ? <Form vaults={ready} /> : <NoVault />
        }}
      </Loaded>
    </PageBody>
  )
}

export function NoVault() {
  const { t } = useTranslation()
  return (
    <div className="card">
      <Empty
        icon={VaultIcon}
        title={t('newPayout.noVault')}
        action={
          <Button look="primary" onClick={() => go({ page: 'vaults' })}>
            {t('nav.vaults')}
          </Button>
        }
      >
        {t('newPayout.noVaultText')}
      </Empty>
    </div>
  )
}

function useBehind<T>(value: T): T {
  const [behind, setBehind] = useState(value)
  const text = JSON.stringify(value)
  useEffect(() => {
    const timer = setTimeout(() => setBehind(JSON.parse(text) as T), BEHIND)
    return () => clearTimeout(timer)
  }, [text])
  return behind
}

export function isWritten(draft: Draft): boolean {
  return draft.vault !== '' && draft.legs.some((leg) => leg.to !== '' || leg.amount !== '')
}

function Form({ vaults }: { vaults: Vault[] }) {
  const locale = useLocale()
  const draft = useDraft()
  const handed = useHanded('payee')
  const handedVault = useHanded('vault')
  const vault = vaults.find((one) => one.name === draft.vault) ?? vaults[0]!
  useEffect(() => {
    write((now) => begun(now, vaults, handed, handedVault))
  }, [vaults, handed, handedVault])
  const question = useMemo(() => asked({ ...draft, vault: vault.name }, locale), [draft, vault.name, locale])
  const behind = useBehind(question)
  const officer = useProposer()
  const answer = useQuery({
    queryKey: ['draft', behind, officer],
    queryFn: () => api.checkDraft(behind, officer),
    enabled: isWritten(behind),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  })
  const current = isWritten(question) ? answer.data : undefined
  const settled = JSON.stringify(behind) === JSON.stringify(question) && !answer.isPlaceholderData && !answer.isFetching
  return (
    <div className="compose">
      <form className="compose-form" onSubmit={(event) => event.preventDefault()}>
        <Fields draft={draft} vaults={vaults} vault={vault} answer={current} />
        {answer.error && isWritten(question) && <ErrorNotice error={answer.error} retry={() => void answer.refetch()} />}
        <Propose draft={question} answer={current} settled={settled} />
      </form>
      <aside className="compose-answer">
        <PolicyAnswerView answer={current?.policy ?? { verdict: 'incomplete' }} unusual={current?.unusual ?? []} busy={!settled} />
      </aside>
    </div>
  )
}

/** The draft as the page opens: with a vault, and with the payee that another page handed over. */
function begun(now: Written, vaults: Vault[], payee: string | null, wanted: string | null): Written {
  const named = vaults.find((one) => one.name === (wanted ?? now.vault)) ?? vaults[0]
  const symbol = named?.assets[0]?.symbol ?? ''
  const known = new Set(named?.assets.map((asset) => asset.symbol))
  const legs = now.legs.map((leg) => ({ ...leg, asset: known.has(leg.asset) ? leg.asset : symbol }))
  const first = legs[0]
  if (payee && first && first.to === '') first.to = payee
  return { ...now, vault: named?.name ?? '', legs }
}

function Fields({ draft, vaults, vault, answer }: { draft: Written; vaults: Vault[]; vault: Vault; answer: DraftAnswer | undefined }) {
  const { t } = useTranslation()
  const several = !vault.network.startsWith('eip155')
  const takeVault = (name: string) => write((now) => begun({ ...now, vault: name }, vaults, null, name))
  const setLeg = (key: number, part: Partial<Written['legs'][number]>) => write((now) => ({ ...now, legs: now.legs.map((leg) => (leg.key === key ? { ...leg, ...part } : leg)) }))
  const paste = (key: number, rows: Partial<Written['legs'][number]>[]) =>
    write((now) => {
      const at = now.legs.findIndex((leg) => leg.key === key)
      const asset = vault.assets[0]?.symbol ?? ''
      const added = rows.map((row) => newLeg({ asset, ...row }))
      return { ...now, legs: [...now.legs.slice(0, at), ...added, ...now.legs.slice(at + 1)] }
    })
  return (
    <>
      <div className="two">
        <SelectField label={t('newPayout.vault')} value={vault.name} options={vaults.map((one) => ({ value: one.name, label: `${one.name} · ${one.network_words}` }))} onChange={takeVault} hint={answer?.balance ? <Balance answer={answer} /> : undefined} />
        <SelectField label={t('newPayout.expires')} value={String(draft.hours)} options={EXPIRIES.map((hours) => ({ value: String(hours), label: t('newPayout.hours', { count: hours }) }))} onChange={(hours) => write((now) => ({ ...now, hours: Number(hours) }))} />
      </div>
      {vault.assets.length === 0 && (
        <Notice tone="wait" title={t('assets.none')} action={<a href={path({ page: 'vault', name: vault.name })}>{t('assets.title')}</a>}>
          {t('assets.noneText')}
        </Notice>
      )}
      <fieldset className="stack">
        <legend className="sr-only">{t('newPayout.legs')}</legend>
        {draft.legs.map((leg, at) => (
          <LegFields
            key={leg.key}
            leg={leg}
            number={at + 1}
            vault={vault}
            checked={answer?.legs[at]}
            totals={answer?.totals ?? []}
            onChange={(part) => setLeg(leg.key, part)}
            onPaste={(rows) => paste(leg.key, rows)}
            onRemove={draft.legs.length > 1 ? () => write((now) => ({ ...now, legs: now.legs.filter((one) => one.key !== leg.key) })) : undefined}
          />
        ))}
        {several ? (
          <div className="leg-add">
            <Button look="quiet" icon={Plus} onClick={() => write((now) => ({ ...now, legs: [...now.legs, newLeg({ asset: vault.assets[0]?.symbol ?? '' })] }))}>
              {t('newPayout.addLeg')}
            </Button>
            <span className="sub">{t('newPayout.pasteHint')}</span>
          </div>
        ) : (
          <p className="sub">
            {t('newPayout.oneLeg')} <a href={path({ page: 'new-batch' })}>{t('batch.title')}</a>
          </p>
        )}
      </fieldset>
      <TextField label={t('newPayout.memo')} hint={t('newPayout.memoHint')} value={draft.memo} onChange={(memo) => write((now) => ({ ...now, memo }))} />
      <Fee answer={answer} draft={draft} />
    </>
  )
}

function Balance({ answer }: { answer: DraftAnswer }) {
  const { t } = useTranslation()
  return (
    <>
      {t('newPayout.balance')} {answer.balance && <InlineAmount of={answer.balance} />}
      {answer.above_balance && <span className="text-wait"> · {t('newPayout.aboveBalance')}</span>}
    </>
  )
}

/** The most that the network may take. Approvals bind it; what is really paid is the node's estimate when it is planned. */
function Fee({ answer, draft }: { answer: DraftAnswer | undefined; draft: Written }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const typed = readAmount(draft.feeCap, locale)
  const unread = typed.is === 'unreadable' || typed.is === 'ambiguous' ? t('newPayout.unreadable') : null
  return (
    <TextField
      label={t('newPayout.fee')}
      className="fee-field"
      inputMode="decimal"
      value={draft.feeCap}
      placeholder={t('newPayout.feeUsual')}
      onChange={(feeCap) => write((now) => ({ ...now, feeCap }))}
      error={unread ?? answer?.fee_error}
      hint={
        <>
          {answer?.fee_cap && (
            <>
              {t('proposal.feeAtMost')} <InlineAmount of={answer.fee_cap} />.{' '}
            </>
          )}
          {t('newPayout.feeHint')}
        </>
      }
    />
  )
}

function passes(answer: DraftAnswer): boolean {
  const legs = answer.legs.every((leg) => leg.to_error === null && leg.amount_error === null && leg.amount !== null)
  return legs && answer.policy.verdict === 'requires' && answer.error === null && answer.fee_error === null
}

/** The button says what will happen. */
function label(answer: DraftAnswer | undefined, t: TFunction, locale: string): string {
  if (!answer || answer.totals.length === 0) return t('newPayout.propose')
  const amount = answer.totals.map((money) => moneyText(money, locale)).join(' + ')
  const first = answer.legs[0]
  const to = first?.payee ?? (first?.address ? `${first.address.slice(0, 10)}…` : null)
  if (answer.legs.length > 1) return t('newPayout.proposeMany', { amount, count: answer.legs.length })
  return to ? t('newPayout.proposeTo', { amount, to }) : t('newPayout.proposeAmount', { amount })
}

function Propose({ draft, answer, settled }: { draft: Draft; answer: DraftAnswer | undefined; settled: boolean }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const officer = useProposer()
  const propose = usePropose((payout: Draft, by) => api.proposePayout(payout, by))
  const ready = settled && officer !== null && answer !== undefined && passes(answer)
  return (
    <div className="stack">
      {answer?.error && <Notice tone="stop" title={answer.error} />}
      {propose.error && !isCancelled(propose.error) && <ErrorNotice title={t('newPayout.notProposed')} error={propose.error} />}
      <div className="form-foot">
        <Button look="primary" data-testid="propose" disabled={!ready} busy={propose.isPending} onClick={() => propose.mutate(draft, { onSuccess: clearDraft })}>
          {label(answer, t, locale)}
        </Button>
        <Proposer />
      </div>
      <p className="sub">{t('newPayout.signHint')}</p>
    </div>
  )
}
