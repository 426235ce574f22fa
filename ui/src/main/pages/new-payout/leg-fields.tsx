import { useQuery } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { payeesQuery } from '../../data/queries'
import type { LegAnswer, DraftLeg, Money, Vault } from '../../data/types'
import { Address } from '../../parts/address'
import { Badge } from '../../parts/badge'
import { IconButton } from '../../parts/button'
import { Combobox } from '../../parts/combobox'
import { SelectField, TextField } from '../../parts/field'
import { percent, useLocale } from '../../parts/format'
import { InlineAmount } from '../../parts/amount'
import { readAmount, units } from '../../parts/money'
import { pastedRows } from './draft'

interface LegProps {
  leg: DraftLeg
  number: number
  vault: Vault
  checked: LegAnswer | undefined
  totals: Money[]
  onChange: (part: Partial<DraftLeg>) => void
  onPaste: (rows: Partial<DraftLeg>[]) => void
  onRemove: (() => void) | undefined
}

/** One payee and one amount, with what the shell read in them. */
export function LegFields({ leg, number, vault, checked, totals, onChange, onPaste, onRemove }: LegProps) {
  const { t } = useTranslation()
  const payees = useQuery(payeesQuery)
  const fitting = (payees.data ?? []).filter((payee) => payee.network === vault.network )
  const paste = (event: React.ClipboardEvent) => {
    const rows = pastedRows(event.clipboardData.getData('text'))
    if (!rows) return
    event.preventDefault()
    onPaste(rows)
  }
  const several = vault.assets.length > 1
  return (
    <div className="leg-fields" data-testid={`leg-${number}`}>
      <div className="leg-row">
        <Combobox
          label={number === 1 ? t('newPayout.firstPayee') : t('newPayout.payee', { number })}
          hideLabel={number > 1}
          placeholder={t('newPayout.payeePlaceholder')}
          value={leg.to}
          options={fitting.map((payee) => ({ value: payee.name, label: payee.name, detail: <span className="mono">{`${payee.address.slice(0, 8)}…${payee.address.slice(-4)}`}</span> }))}
          onChange={(to) => onChange({ to })}
          onPaste={paste}
          error={leg.to ? checked?.to_error : null}
        />
        <AmountField leg={leg} number={number} checked={checked} onChange={onChange} unit={several ? null : leg.asset} />
        {several && (
          <SelectField label={number === 1 ? t('newPayout.firstAsset') : t('newPayout.asset', { number })} hideLabel={number > 1} value={leg.asset} options={vault.assets.map(({ symbol }) => ({ value: symbol, label: symbol }))} onChange={(asset) => onChange({ asset })} />
        )}
        {onRemove && <IconButton label={t('newPayout.removeLeg', { number })} icon={Trash2} className="leg-remove" onClick={onRemove} />}
      </div>
      {checked && leg.to && <Read leg={checked} totals={totals} />}
    </div>
  )
}

function AmountField({ leg, number, checked, onChange, unit }: { leg: DraftLeg; number: number; checked: LegAnswer | undefined; onChange: (part: Partial<DraftLeg>) => void; unit: string | null }) {
  const { t } = useTranslation()
  const locale = useLocale()
  const typed = readAmount(leg.amount, locale)
  const error =
    typed.is === 'unreadable'
      ? t('newPayout.unreadable')
      : typed.is === 'ambiguous'
        ? t('newPayout.ambiguous', { text: leg.amount.trim(), one: typed.one, other: typed.other })
        : typed.is === 'amount'
          ? checked?.amount_error
          : null
  return (
    <div className="amount-field">
      <TextField label={number === 1 ? t('newPayout.firstAmount') : t('newPayout.amount', { number })} hideLabel={number > 1} inputMode="decimal" className="amount-input" value={leg.amount} placeholder="0" onChange={(amount) => onChange({ amount })} error={error} />
      {unit && (
        <span className="amount-suffix" aria-hidden>
          {unit}
        </span>
      )}
    </div>
  )
}

/** What was understood: who this is, the whole address, and how much of all it is. */
function Read({ leg, totals }: { leg: LegAnswer; totals: Money[] }) {
  const { t } = useTranslation()
  const locale = useLocale()
  if (!leg.address) return null
  const total = totals.find((money) => money.asset === leg.amount?.asset)
  const all = total ? units(total) : 0n
  const share = leg.amount && all > 0n ? Number((units(leg.amount) * 1000n) / all) / 1000 : null
  return (
    <div className="leg-read">
      <div className="leg-read-head">
        {leg.payee && <span className="font-medium">{leg.payee}</span>}
        {leg.stranger && <Badge tone="wait">{t('newPayout.stranger')}</Badge>}
        {!leg.stranger && leg.first_payment && <Badge tone="wait">{t('newPayout.newPayee')}</Badge>}
        {leg.amount && (
          <span className="faint ml-auto">
            <InlineAmount of={leg.amount} />
            {share !== null && share < 1 && `, ${t('newPayout.share', { share: percent(share, locale) })}`}
          </span>
        )}
      </div>
      <Address of={leg.address} label={leg.payee ? t('parts.addressOf', { name: leg.payee }) : undefined} />
      {leg.look_alike && <p className="sub text-wait">{t('payees.lookAlike', { name: leg.look_alike })}</p>}
    </div>
  )
}
