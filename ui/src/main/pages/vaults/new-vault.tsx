import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { officersQuery, settingsQuery } from '../../data/queries'
import type { NetworkView, SeatKindWord, VaultDraft } from '../../data/types'
import { Notice } from '../../parts/badge'
import { Button, IconButton } from '../../parts/button'
import { SelectField, TextField } from '../../parts/field'
import { PageBody } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice, Loaded } from '../../parts/states'

type SeatDraft = VaultDraft['seats'][number] & { key: number }

let lastKey = 0
const seat = (kind: SeatKindWord, name: string): SeatDraft => ({ key: ++lastKey, name, kind, officers: [], pieces: kind === 'recovery' ? 2 : null })

export function NewVault() {
  const { t } = useTranslation()
  const networks = useQuery({ ...settingsQuery, select: (settings) => settings.networks })
  const officers = useQuery({ ...officersQuery, select: (all) => all.filter((one) => one.active).map((one) => one.name) })
  return (
    <PageBody title={t('newVault.title')} lead={t('newVault.lead')}>
      <Loaded query={networks}>{(known) => <Loaded query={officers}>{(names) => <Form networks={known} officers={names} />}</Loaded>}</Loaded>
    </PageBody>
  )
}

function trouble(draft: VaultDraft) {
  if (draft.seats.length < draft.threshold) return 'newVault.tooFewSeats'
  const short = draft.seats.some((one) => one.kind === 'hardware' && one.officers.length < 2)
  if (short) return 'newVault.hardwareTwo'
  const pieces = draft.seats.some((one) => one.kind === 'recovery' && (one.pieces ?? 2) > one.officers.length)
  return pieces ? 'newVault.recoveryPieces' : null
}

function Form({ networks, officers }: { networks: NetworkView[]; officers: string[] }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [network, setNetwork] = useState(networks[0]?.network ?? '')
  const [threshold, setThreshold] = useState(2)
  const [confirmations, setConfirmations] = useState(3)
  const [seats, setSeats] = useState<SeatDraft[]>(() => [
    { ...seat('device', 'desk') },
    { ...seat('hardware', 'key'), officers },
    { ...seat('recovery', 'safe'), officers },
  ])
  const draft: VaultDraft = { name: name.trim(), network, threshold, confirmations, seats: seats.map(({ key: _, ...rest }) => rest) }
  const propose = usePropose((vault: VaultDraft, officer) => api.proposeVault(vault, officer))
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  const wrong = trouble(draft)
  const set = (key: number, part: Partial<SeatDraft>) => setSeats((now) => now.map((one) => (one.key === key ? { ...one, ...part } : one)))
  return (
    <form
      className="stack-wide"
      onSubmit={(event) => {
        event.preventDefault()
        propose.mutate(draft)
      }}
    >
      <div className="two">
        <TextField label={t('newVault.name')} required value={name} onChange={setName} placeholder={t('newVault.namePlaceholder')} />
        <SelectField label={t('payees.network')} value={network} options={networks.map((one) => ({ value: one.network, label: one.words }))} onChange={setNetwork} hint={t('newVault.networkHint')} />
      </div>
      <div className="two">
        <SelectField
          label={t('newVault.threshold')}
          value={String(threshold)}
          options={Array.from({ length: Math.max(1, seats.length - 1) }, (_, at) => ({ value: String(at + 2), label: t('vaults.threshold', { threshold: at + 2, count: seats.length }) })).slice(0, seats.length - 1)}
          onChange={(value) => setThreshold(Number(value))}
          hint={t('newVault.thresholdHint')}
        />
        <SelectField label={t('newVault.confirmations')} value={String(confirmations)} options={[1, 2, 3, 6, 12, 32, 64].map((n) => ({ value: String(n), label: t('vaults.final', { count: n }) }))} onChange={(value) => setConfirmations(Number(value))} hint={t('newVault.confirmationsHint')} />
      </div>
      <fieldset className="stack">
        <legend className="field-label">{t('vaults.seats')}</legend>
        {seats.map((one) => (
          <SeatFields key={one.key} seat={one} officers={officers} onChange={(part) => set(one.key, part)} onRemove={seats.length > 2 ? () => setSeats((now) => now.filter((other) => other.key !== one.key)) : undefined} />
        ))}
        <div>
          <Button look="quiet" icon={Plus} onClick={() => setSeats((now) => [...now, { ...seat('hardware', ''), officers }])}>
            {t('newVault.addSeat')}
          </Button>
        </div>
      </fieldset>
      {wrong && <Notice tone="wait" title={t(wrong)} />}
      {error && <ErrorNotice error={error} />}
      <div className="form-foot">
        <Button type="submit" look="primary" data-testid="propose" disabled={!draft.name || !network || wrong !== null || seats.some((one) => !one.name.trim())} busy={propose.isPending}>
          {t('newVault.propose', { name: draft.name || '…', threshold, count: seats.length })}
        </Button>
        <Proposer />
      </div>
      <p className="sub">{t('newVault.after')}</p>
    </form>
  )
}

function SeatFields({ seat: one, officers, onChange, onRemove }: { seat: SeatDraft; officers: string[]; onChange: (part: Partial<SeatDraft>) => void; onRemove: (() => void) | undefined }) {
  const { t } = useTranslation()
  const toggle = (name: string) => onChange({ officers: one.officers.includes(name) ? one.officers.filter((other) => other !== name) : [...one.officers, name] })
  return (
    <div className="card card-body stack">
      <div className="seat-row">
        <TextField label={t('newVault.seatName')} required value={one.name} onChange={(name) => onChange({ name })} />
        <SelectField
          label={t('vaults.kind')}
          value={one.kind}
          options={(['device', 'hardware', 'recovery'] as const).map((kind) => ({ value: kind, label: t(`vaults.kinds.${kind}`) }))}
          onChange={(kind) => onChange({ kind: kind as SeatKindWord, officers: kind === 'device' ? [] : officers, pieces: kind === 'recovery' ? 2 : null })}
        />
        {one.kind === 'recovery' && (
          <SelectField label={t('newVault.pieces')} value={String(one.pieces ?? 2)} options={officers.slice(1).map((_, at) => ({ value: String(at + 2), label: t('newVault.piecesOf', { pieces: at + 2, count: one.officers.length }) }))} onChange={(pieces) => onChange({ pieces: Number(pieces) })} />
        )}
        {onRemove && <IconButton label={t('newVault.removeSeat', { name: one.name })} icon={Trash2} className="leg-remove" onClick={onRemove} />}
      </div>
      <p className="sub">{t(`newVault.kindHints.${one.kind}`)}</p>
      {one.kind !== 'device' && (
        <fieldset>
          <legend className="field-label">{t(one.kind === 'hardware' ? 'newVault.anyOf' : 'newVault.together')}</legend>
          <div className="officer-checks">
            {officers.map((name) => (
              <label key={name} className="officer-check">
                <input type="checkbox" checked={one.officers.includes(name)} onChange={() => toggle(name)} /> {name}
              </label>
            ))}
          </div>
        </fieldset>
      )}
    </div>
  )
}
