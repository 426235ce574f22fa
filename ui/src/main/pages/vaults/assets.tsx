import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { usePropose } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import type { Vault } from '../../data/types'
import { Address } from '../../parts/address'
import { Notice } from '../../parts/badge'
import { Button } from '../../parts/button'
import { Dialog } from '../../parts/dialog'
import { Choices, TextField } from '../../parts/field'
import { Section } from '../../parts/page'
import { Proposer } from '../../parts/proposer'
import { ErrorNotice } from '../../parts/states'

/** What a vault on an EVM chain can pay: coins and tokens that governance entered, never read from a node. */
export function Assets({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <Section
      id="assets"
      title={t('assets.title')}
      aside={
        <Button look="quiet" icon={Plus} onClick={() => setOpen(true)}>
          {t('assets.add')}
        </Button>
      }
    >
      {vault.assets.length === 0 ? (
        <Notice tone="wait" title={t('assets.none')}>
          {t('assets.noneText')}
        </Notice>
      ) : (
        <div className="card">
          <table className="table">
            <caption className="sr-only">{t('assets.title')}</caption>
            <tbody>
              {vault.assets.map((asset) => (
                <tr key={asset.symbol}>
                  <th scope="row" className="row-head">
                    {asset.symbol}
                  </th>
                  <td>{asset.contract ? <Address of={asset.contract} label={t('assets.contractOf', { symbol: asset.symbol })} /> : t('assets.own')}</td>
                  <td className="right">{t('assets.places', { count: asset.places })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Dialog open={open} onOpenChange={setOpen} title={t('assets.add')} description={t('assets.lead')}>
        <Form vault={vault} onDone={() => setOpen(false)} />
      </Dialog>
    </Section>
  )
}

type Which = 'own' | 'token'

interface AssetDraft {
  contract: string | null
  symbol: string
  places: number
}

function Form({ vault, onDone }: { vault: Vault; onDone: () => void }) {
  const { t } = useTranslation()
  const hasOwn = vault.assets.some((asset) => asset.contract === null)
  const [which, setWhich] = useState<Which>(hasOwn ? 'token' : 'own')
  const [symbol, setSymbol] = useState(hasOwn ? '' : 'ETH')
  const [contract, setContract] = useState('')
  const [places, setPlaces] = useState(hasOwn ? '' : '18')
  const chain = vault.network.replace(/^eip155:/, '')
  const propose = usePropose((asset: AssetDraft, officer) => api.proposeAsset(chain, asset.contract, asset.symbol, asset.places, officer))
  const error = propose.error && !isCancelled(propose.error) ? propose.error : null
  const number = /^\d{1,2}$/.test(places.trim()) ? Number(places.trim()) : null
  const ready = symbol.trim() !== '' && number !== null && (which === 'own' || contract.trim() !== '')
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (number === null) return
        propose.mutate({ contract: which === 'own' ? null : contract.trim(), symbol: symbol.trim(), places: number }, { onSuccess: onDone })
      }}
    >
      <Choices
        columns
        legend={t('assets.which')}
        value={which}
        onChange={setWhich}
        choices={[
          { value: 'own', label: t('assets.own'), detail: t('assets.ownHint') },
          { value: 'token', label: t('assets.token') },
        ]}
      />
      {which === 'token' && <TextField label={t('assets.contract')} mono required value={contract} onChange={setContract} placeholder="0x" hint={t('assets.contractHint')} />}
      <div className="two">
        <TextField label={t('assets.symbol')} required value={symbol} onChange={setSymbol} />
        <TextField label={t('assets.decimals')} required inputMode="numeric" value={places} onChange={setPlaces} error={places !== '' && number === null ? t('assets.decimalsWrong') : null} />
      </div>
      {error && <ErrorNotice error={error} />}
      <div className="form-foot">
        <Button type="submit" look="primary" disabled={!ready} busy={propose.isPending}>
          {t('payees.propose', { name: symbol.trim() || '…' })}
        </Button>
        <Proposer />
      </div>
    </form>
  )
}
