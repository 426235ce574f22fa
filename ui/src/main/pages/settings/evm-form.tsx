import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import type { EvmNode, NetworkView } from '../../data/types'
import { TextField } from '../../parts/field'
import { NodeForm } from './node-settings'

const USUAL_PRICE = '300'

/** Addresses may hold a token, so the ones that are kept are never shown whole: an empty field keeps them. */
export function EvmForm({ network, chain, known }: { network: NetworkView; chain: string; known: EvmNode | null }) {
  const { t } = useTranslation()
  const [url, setUrl] = useState('')
  const [second, setSecond] = useState('')
  const [bearer, setBearer] = useState('')
  const [price, setPrice] = useState(known?.highest_gas_price ?? USUAL_PRICE)
  const whole = /^\d+$/.test(price.trim())
  const changed = url !== '' || second !== '' || bearer !== '' || price !== (known?.highest_gas_price ?? USUAL_PRICE)
  const typed = (text: string) => (text.trim() === '' ? null : text.trim())
  const save = () => api.setEvmNode({ chain_id: chain, url: typed(url), second: typed(second), bearer: typed(bearer), highest_gas_price: Number(price.trim()) })
  return (
    <NodeForm network={network} save={save} known={known !== null} changed={changed && whole && (known !== null || url.trim() !== '')}>
      <TextField label={t('settings.address')} mono value={url} placeholder={known?.place ?? 'http://127.0.0.1:8545'} hint={known ? t('settings.keptAddress', { place: known.place }) : undefined} onChange={setUrl} />
      <TextField label={t('settings.second')} mono value={second} placeholder={known?.second ?? ''} hint={t('settings.secondHint')} onChange={setSecond} />
      <div className="two">
        <TextField label={t('settings.bearer')} type="password" value={bearer} placeholder={known?.bearer ? t('settings.keepSecret') : ''} onChange={setBearer} hint={t('settings.bearerHint')} />
        <TextField label={t('settings.gasPrice')} inputMode="numeric" value={price} onChange={setPrice} hint={t('settings.feeRateHint')} error={whole ? null : t('newPayout.unreadable')} />
      </div>
    </NodeForm>
  )
}
