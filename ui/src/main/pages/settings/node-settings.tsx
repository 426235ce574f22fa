import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../../data/api'
import { settingsQuery } from '../../data/queries'
import type { NetworkView, NodeHealth, NodeState, SettingsView } from '../../data/types'
import { Badge, Notice, type Tone } from '../../parts/badge'
import { Button } from '../../parts/button'
import { count, useLocale } from '../../parts/format'
import { ErrorNotice } from '../../parts/states'
import { say } from '../../parts/toast'
import { BitcoinForm } from './bitcoin-form'
import { EvmForm } from './evm-form'

const TONES: Record<NodeState, Tone> = { answers: 'fine', trouble: 'stop', not_set: 'wait', not_asked: 'plain' }

/** The company's own node of one network. */
export function NodeSettings({ network, settings, health }: { network: NetworkView; settings: SettingsView; health: NodeHealth | undefined }) {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <div className="card card-body stack">
      <div className="node-head">
        <h3>{network.words}</h3>
        {health && <Badge tone={TONES[health.state]}>{t(`nodes.${health.state}`, { height: count(health.height ?? 0, locale) })}</Badge>}
      </div>
      {health?.trouble && <p className="text-wait">{health.trouble}</p>}
      {network.chain_id === null ? <BitcoinForm network={network} known={settings.bitcoin} /> : <EvmForm network={network} chain={network.chain_id} known={settings.evm.find((one) => one.chain_id === network.chain_id) ?? null} />}
    </div>
  )
}

/** Keeps what was typed; then the kept node can be asked. */
export function NodeForm({ network, save, known, changed, children }: { network: NetworkView; save: () => Promise<SettingsView>; known: boolean; changed: boolean; children: ReactNode }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const keep = useMutation({
    mutationFn: save,
    onSuccess: (settings) => {
      client.setQueryData(settingsQuery.queryKey, settings)
      say(t('settings.kept', { network: network.words }))
    },
  })
  const test = useMutation({ mutationFn: () => api.testNode(network.network) })
  const both = () => keep.mutate(undefined, { onSuccess: () => test.mutate() })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        test.reset()
        both()
      }}
    >
      {children}
      <div className="form-foot">
        <Button type="submit" look={changed ? 'primary' : 'plain'} busy={keep.isPending || test.isPending} disabled={!changed}>
          {t('settings.keepAndTest')}
        </Button>
        {known && !changed && (
          <Button busy={test.isPending} onClick={() => test.mutate()}>
            {t('settings.test')}
          </Button>
        )}
      </div>
      <div aria-live="polite">
        {test.data && (
          <Notice tone={test.data.ok ? 'done' : 'stop'} title={test.data.words}>
            {test.data.ok && t('settings.answered', { milliseconds: test.data.milliseconds })}
          </Notice>
        )}
        {(keep.error ?? test.error) && <ErrorNotice error={keep.error ?? test.error} />}
      </div>
    </form>
  )
}
