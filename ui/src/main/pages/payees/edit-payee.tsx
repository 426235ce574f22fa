import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import { payeesQuery, vaultsQuery } from '../../data/queries'
import type { Payee } from '../../data/types'
import { Address } from '../../parts/address'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { Dialog } from '../../parts/dialog'
import { SelectField, TextField } from '../../parts/field'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice } from '../../parts/states'

export function EditPayee({ edited, onClose }: { edited: Payee | 'new' | null; onClose: () => void }) {
  const { t } = useTranslation()
  const known = edited !== null && edited !== 'new' ? edited : null
  return (
    <Dialog open={edited !== null} onOpenChange={(open) => !open && onClose()} title={known ? t('payees.change', { name: known.name }) : t('payees.add')} description={t('payees.editLead')}>
      {edited !== null && <Form key={known?.name ?? 'new'} known={known} onClose={onClose} />}
    </Dialog>
  )
}

function Form({ known, onClose }: { known: Payee | null; onClose: () => void }) {
  const { t } = useTranslation()
  const vaults = useQuery(vaultsQuery)
  const payees = useQuery(payeesQuery)
  const networks = new Map((vaults.data ?? []).map((vault) => [vault.network, vault.network_words]))
  if (known) networks.set(known.network, known.network_words)
  const [name, setName] = useState(known?.name ?? '')
  const [address, setAddress] = useState('')
  const [network, setNetwork] = useState(known?.network ?? '')
  const first = [...networks.keys()][0] ?? ''
  useEffect(() => {
    setNetwork((now) => now || first)
  }, [first])
  const propose = usePropose((_: null, officer) => api.proposePayee(name.trim(), address.trim(), network, officer))
  const taken = !known && payees.data?.some((payee) => payee.name.toLowerCase() === name.trim().toLowerCase())
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        propose.mutate(null, { onSuccess: onClose })
      }}
    >
      <TextField label={t('payees.name')} required value={name} onChange={setName} disabled={known !== null} error={taken ? t('payees.taken') : null} />
      <SelectField label={t('payees.network')} value={network} options={[...networks].map(([value, label]) => ({ value, label }))} onChange={setNetwork} hint={networks.size === 0 ? t('payees.noNetwork') : undefined} />
      <TextField label={t(known ? 'payees.newAddress' : 'payees.address')} required mono value={address} onChange={setAddress} hint={t('payees.addressHint')} />
      {address.trim().length > 12 && <Address of={address.trim()} copy={false} />}
      {known && (
        <Notice tone="wait" title={t('payees.changeWarning')}>
          {t('payees.changeWarningText')}
        </Notice>
      )}
      {error && <ErrorNotice error={error} />}
      <div className="form-foot">
        <Button type="submit" look="primary" data-testid="propose" disabled={!name.trim() || !address.trim() || !network || taken} busy={propose.isPending}>
          {t('payees.propose', { name: name.trim() || '…' })}
        </Button>
        <Button onClick={onClose}>{t('parts.cancel')}</Button>
        <Proposer />
      </div>
    </form>
  )
}
