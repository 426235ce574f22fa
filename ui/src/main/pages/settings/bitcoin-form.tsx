import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import type { BitcoinNode, NetworkView } from '../../data/types'
import { Choices, TextField } from '../../parts/field'
import { NodeForm } from './node-settings'

type Entry = 'cookie' | 'password'

const USUAL_RATE = '100'

export function BitcoinForm({ network, known }: { network: NetworkView; known: BitcoinNode | null }) {
  const { t } = useTranslation()
  const [url, setUrl] = useState(known?.url ?? '')
  const [entry, setEntry] = useState<Entry>(known?.user ? 'password' : 'cookie')
  const [user, setUser] = useState(known?.user ?? '')
  const [password, setPassword] = useState('')
  const [cookie, setCookie] = useState(known?.cookie ?? '')
  const [rate, setRate] = useState(known?.highest_fee_rate ?? USUAL_RATE)
  const whole = /^\d+$/.test(rate.trim())
  const changed = url !== (known?.url ?? '') || user !== (known?.user ?? '') || password !== '' || cookie !== (known?.cookie ?? '') || rate !== (known?.highest_fee_rate ?? USUAL_RATE)
  const save = () =>
    api.setBitcoinNode({
      url: url.trim(),
      user: entry === 'password' ? user.trim() : null,
      password: entry === 'password' && password !== '' ? password : null,
      cookie: entry === 'cookie' ? cookie.trim() : null,
      highest_fee_rate: Number(rate.trim()),
    })
  return (
    <NodeForm network={network} save={save} known={known !== null} changed={changed && url.trim() !== '' && whole}>
      <TextField label={t('settings.address')} mono value={url} placeholder="http://127.0.0.1:8332" onChange={setUrl} />
      <Choices
        columns
        legend={t('settings.entry')}
        value={entry}
        onChange={setEntry}
        choices={[
          { value: 'cookie', label: t('settings.cookie') },
          { value: 'password', label: t('settings.password') },
        ]}
      />
      {entry === 'cookie' ? (
        <TextField label={t('settings.cookieFile')} mono value={cookie} placeholder="/var/lib/bitcoind/.cookie" onChange={setCookie} />
      ) : (
        <div className="two">
          <TextField label={t('settings.user')} value={user} onChange={setUser} />
          <TextField label={t('settings.rpcPassword')} type="password" value={password} onChange={setPassword} placeholder={known?.user ? t('settings.keepSecret') : ''} />
        </div>
      )}
      <TextField label={t('settings.feeRate')} className="fee-field" inputMode="numeric" value={rate} onChange={setRate} hint={t('settings.feeRateHint')} error={whole ? null : t('newPayout.unreadable')} />
    </NodeForm>
  )
}
