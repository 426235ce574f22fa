import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import type { Vault } from '../../data/types'
import { Button } from '../../parts/button'
import { SelectField, TextField } from '../../parts/field'
import { Section } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice } from '../../parts/states'

/** Collects what lies on a vault's own addresses. It can pay nobody else. */
export function Sweep({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const [asset, setAsset] = useState(vault.assets[0]?.symbol ?? '')
  const [memo, setMemo] = useState('')
  const propose = usePropose((what: string | null, officer) => api.proposeSweep(vault.name, what, memo.trim(), officer))
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  return (
    <Section id="sweep" title={t('vaults.sweep')}>
      <form
        className="card card-body stack"
        onSubmit={(event) => {
          event.preventDefault()
          propose.mutate(vault.deposits ? asset : null)
        }}
      >
        <p className="faint">{t(vault.deposits ? 'vaults.sweepEvm' : 'vaults.sweepBitcoin')}</p>
        <div className="two">
          {vault.deposits && <SelectField label={t('vaults.sweepAsset')} value={asset} options={vault.assets.map(({ symbol }) => ({ value: symbol, label: symbol }))} onChange={setAsset} />}
          <TextField label={t('newPayout.memo')} value={memo} onChange={setMemo} />
        </div>
        {error && <ErrorNotice error={error} />}
        <div className="form-foot">
          <Button type="submit" busy={propose.isPending}>
            {t('vaults.proposeSweep')}
          </Button>
          <Proposer />
        </div>
      </form>
    </Section>
  )
}
