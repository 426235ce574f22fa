import { useQuery } from '@tanstack/react-query'
import { Snowflake } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { tell, usePropose } from '../data/acts'
import { api } from '../data/api'
import { frameQuery } from '../data/queries'
import type { Freeze } from '../data/types'
import { Button } from '../parts/button'
import { Time } from '../parts/time'
import { go } from './router'

/** Over the whole width, above everything, for as long as anything is frozen. */
export function FrozenBar() {
  const { t } = useTranslation()
  const frame = useQuery(frameQuery)
  const frozen = frame.data?.frozen ?? []
  const thaw = usePropose((freezes: string[], officer) => api.proposeThaw(freezes, officer))
  if (frozen.length === 0) return null
  const open = frozen.find((freeze) => freeze.thaw)?.thaw
  return (
    <section className="frozen" data-testid="frozen" role="alert" aria-label={t('frozen.word')}>
      <Snowflake size={20} aria-hidden />
      <div className="frozen-lines">
        {frozen.map((freeze) => (
          <Line key={freeze.id} of={freeze} />
        ))}
        <p>{t('frozen.meaning')}</p>
      </div>
      {open ? (
        <Button onClick={() => go({ page: 'proposal', id: open })}>{t('frozen.openThaw')}</Button>
      ) : (
        <Button data-testid="propose-thaw" busy={thaw.isPending} onClick={() => thaw.mutate(frozen.map((freeze) => freeze.id), { onError: tell })}>
          {t('frozen.proposeThaw')}
        </Button>
      )}
    </section>
  )
}

function Line({ of }: { of: Freeze }) {
  const { t } = useTranslation()
  return (
    <p>
      <span className="frozen-word">{t('frozen.word')}</span> {t('frozen.line', { what: of.what, by: of.by })} <Time at={of.time} />
      {of.reason && `: ${of.reason}`}
    </p>
  )
}
