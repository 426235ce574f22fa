import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { useMe } from '../../data/me'
import { someProposals } from '../../data/queries'
import type { Kind } from '../../data/types'
import { Section } from '../../parts/page'
import { WaitingLine } from './lines'

const SHOWN = 20

/** Changes of one kind that are proposed and not decided, on the page where they will show once they are. */
export function Pending({ kinds }: { kinds: Kind[] }) {
  const { t } = useTranslation()
  const me = useMe()
  const open = useQuery(someProposals({ kinds, open_only: true }, SHOWN))
  const rows = open.data?.rows ?? []
  if (rows.length === 0) return null
  return (
    <Section id="pending" title={t('overview.pending')}>
      <ul className="card lines">
        {rows.map((row) => (
          <WaitingLine key={row.id} row={row} mine={row.could_approve.some((name) => me.includes(name))} />
        ))}
      </ul>
    </Section>
  )
}
