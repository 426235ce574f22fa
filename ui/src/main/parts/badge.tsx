import clsx from 'clsx'
import { Ban, CircleCheck, CircleDashed, CircleDot, CirclePause, Clock, type LucideIcon, Snowflake, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Status } from '../data/types'

/** `done` is settled and nothing else; `fine` is in order and needs nobody. */
export type Tone = 'wait' | 'stop' | 'done' | 'fine' | 'plain' | 'act'

const ICONS: Record<Tone, LucideIcon> = {
  wait: Clock,
  stop: Ban,
  done: CircleCheck,
  fine: CircleCheck,
  plain: CircleDashed,
  act: CircleDot,
}

/** A state: always a colour, a picture and a word together. */
export function Badge({ tone, icon, children }: { tone: Tone; icon?: LucideIcon; children: ReactNode }) {
  const Icon = icon ?? ICONS[tone]
  return (
    <span className={clsx('badge', `badge-${tone}`)}>
      <Icon size={14} aria-hidden />
      <span>{children}</span>
    </span>
  )
}

const TONES: Record<Status, Tone> = {
  open: 'wait',
  planned: 'wait',
  signing: 'act',
  signed: 'act',
  broadcast: 'act',
  bumping: 'wait',
  cancelling: 'wait',
  aborted: 'stop',
  declined: 'stop',
  reverted: 'stop',
  replaced: 'stop',
  lapsed: 'plain',
  cancelled: 'plain',
  enacted: 'done',
  confirmed: 'done',
}

export function StatusBadge({ status, held }: { status: Status; held?: boolean }) {
  const { t } = useTranslation()
  if (held) {
    return (
      <Badge tone="stop" icon={Snowflake}>
        {t('status.frozen')}
      </Badge>
    )
  }
  return (
    <Badge tone={TONES[status]} icon={status === 'lapsed' ? CirclePause : undefined}>
      {t(`status.${status}`)}
    </Badge>
  )
}

/** Something that the reader must not miss, in its place on the page. */
export function Notice({ tone, title, children, action }: { tone: Exclude<Tone, 'act' | 'fine'>; title: ReactNode; children?: ReactNode; action?: ReactNode }) {
  const Icon = tone === 'wait' ? TriangleAlert : ICONS[tone]
  return (
    <div className={clsx('notice', `notice-${tone}`)} role={tone === 'stop' ? 'alert' : undefined}>
      <Icon size={16} aria-hidden />
      <div className="notice-body">
        <p className="notice-title">{title}</p>
        {children && <div className="notice-text">{children}</div>}
      </div>
      {action && <div className="notice-action">{action}</div>}
    </div>
  )
}
