import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { tell } from '../../data/acts'
import { api } from '../../data/api'
import { isCancelled } from '../../data/error'
import type { StepProgress, Vault } from '../../data/types'
import { path } from '../../frame/router'
import { Button } from '../../parts/button'
import { Section } from '../../parts/page'
import { Progress, useSteps } from '../../parts/progress'
import { ErrorNotice } from '../../parts/states'
import { type Station, Timeline } from '../../parts/timeline'

/** From the order of a vault to its first address: decided, keys made, and the keys tried before anything is paid in. */
export function Ceremony({ vault }: { vault: Vault }) {
  const { t } = useTranslation()
  const { steps, add, clear } = useSteps()
  const [current, setCurrent] = useState<StepProgress | null>(null)
  const make = useMutation({
    mutationFn: () =>
      api.makeKeys(vault.name, (step) => {
        setCurrent(step)
        add(step)
      }),
    onMutate: clear,
  })
  const stop = useMutation({ mutationFn: api.cancelAct, onError: tell })
  const decided = vault.state !== 'proposed'
  const stations: Station[] = [
    { key: 'proposed', state: 'done', title: t('ceremony.proposed') },
    { key: 'approved', state: decided ? 'done' : 'now', title: t('ceremony.approved'), detail: decided ? undefined : t('ceremony.approvedDetail') },
    {
      key: 'keys',
      state: !decided ? 'later' : make.isError ? 'stopped' : 'now',
      title: t(make.isPending ? 'ceremony.making' : 'ceremony.keys'),
      detail: make.isPending ? <Progress steps={steps} current={current} /> : t(vault.state === 'making_keys' ? 'ceremony.cutOff' : 'ceremony.keysDetail', { count: vault.seats.length, threshold: vault.threshold }),
    },
    { key: 'ready', state: 'later', title: t('ceremony.ready'), detail: t('ceremony.readyDetail') },
  ]
  return (
    <Section id="making" title={t('ceremony.title')}>
      <div className="card card-body stack">
        {make.error && !isCancelled(make.error) && <ErrorNotice title={t('ceremony.failed')} error={make.error} />}
        <Timeline label={t('ceremony.title')} stations={stations} />
        <div className="form-foot">
          {!decided && vault.proposal && (
            <a className="button button-primary" href={path({ page: 'proposal', id: vault.proposal })}>
              {t('ceremony.openProposal')}
            </a>
          )}
          {decided && (
            <>
              <Button look="primary" icon={KeyRound} data-testid="make-keys" busy={make.isPending} onClick={() => make.mutate()}>
                {t(vault.state === 'making_keys' && !make.isPending ? 'ceremony.again' : 'ceremony.make')}
              </Button>
              {make.isPending && (
                <Button busy={stop.isPending} onClick={() => stop.mutate()}>
                  {t('ceremony.stop')}
                </Button>
              )}
              <span className="sub">{t('ceremony.makeHint')}</span>
            </>
          )}
        </div>
      </div>
    </Section>
  )
}
