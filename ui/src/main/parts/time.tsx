import { useEffect, useState } from 'react'

import { exact, relative, useLocale, utc } from './format'

const REFRESH = 30_000

const clocks = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One clock for all times on a page. */
export function useNow(): number {
  const [, tick] = useState(0)
  useEffect(() => {
    const listener = () => tick((n) => n + 1)
    clocks.add(listener)
    timer ??= setInterval(() => {
      for (const clock of clocks) clock()
    }, REFRESH)
    return () => {
      clocks.delete(listener)
      if (clocks.size > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }, [])
  return Date.now()
}

/** How long ago or until when; the exact time and zone on hover. */
export function Time({ at, className }: { at: string; className?: string }) {
  const locale = useLocale()
  const current = useNow()
  return (
    <time dateTime={at} title={`${exact(at, locale)}\n${utc(at)}`} className={className}>
      {relative(at, locale, current)}
    </time>
  )
}
