// What stands where data is not yet, not at all, or could not be had.
import type { UseQueryResult } from '@tanstack/react-query'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { asShellError } from '../data/error'
import { Notice } from './badge'
import { sentence } from './format'
import { Button } from './button'
import { ConfirmClock } from './clock'

export function Skeleton({ lines = 3 }: { lines?: number }) {
  const { t } = useTranslation()
  return (
    <div className="skeleton" role="status" aria-label={t('parts.loading')}>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} className={`skeleton-line skeleton-line-${at % 3}`} />
      ))}
    </div>
  )
}

export function Empty({ icon: Icon, title, children, action }: { icon: LucideIcon; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Icon size={24} aria-hidden />
      <p className="empty-title">{title}</p>
      {children && <div className="empty-text">{children}</div>}
      {action && <div className="empty-action">{action}</div>}
    </div>
  )
}

export function ErrorNotice({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const { t } = useTranslation()
  const { message, code, remedy } = asShellError(error)
  return (
    <Notice tone="stop" title={title ?? sentence(message)} action={code === 'clock' ? <ConfirmClock /> : retry && <Button onClick={retry}>{t('parts.tryNow')}</Button>}>
      {title && <p>{sentence(message)}</p>}
      {remedy && <p>{remedy}</p>}
      <p className="error-code">{t('parts.code', { code })}</p>
    </Notice>
  )
}

/** One answer of the shell: a skeleton until it comes, what went wrong if it does not. */
export function Loaded<T>({ query, lines, children }: { query: UseQueryResult<T>; lines?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <ErrorNotice error={query.error} retry={() => void query.refetch()} />
  return <Skeleton lines={lines} />
}
