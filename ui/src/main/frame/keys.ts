// The keyboard, in one place. A page marks what a key means on it: `data-key="n"` is pressed by n,
// `data-key="/"` gets the focus by /, `data-row` is walked with j and k.
import { useEffect } from 'react'

import { api } from '../data/api'
import { tell } from '../data/acts'
import { go, parse, type Route } from './router'

const TYPING = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]'

export interface Openers {
  palette: () => void
  help: () => void
}

export async function freezeEverything() {
  try {
    await api.openFreeze({ what: 'treasury' })
  } catch (error) {
    tell(error)
  }
}

export function useKeys({ palette, help }: Openers) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      if (event.key === 'F8') {
        event.preventDefault()
        void freezeEverything()
        return
      }
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        palette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target instanceof HTMLElement ? event.target : null
      if (document.querySelector('[role=dialog], [role=menu]')) return
      if (target?.matches(TYPING)) {
        if (event.key === 'Escape') target.blur()
        return
      }
      if (plainKey(event.key, help)) event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [palette, help])
}

function plainKey(key: string, help: () => void): boolean {
  switch (key) {
    case '?':
      help()
      return true
    case 'j':
      return walk(1)
    case 'k':
      return walk(-1)
    case '/':
      return press('/')
    case 'n':
      if (!press('n')) go({ page: 'new-payout' })
      return true
    case 'Escape':
      return back()
    default:
      return false
  }
}

function press(key: string): boolean {
  const marked = document.querySelector<HTMLElement>(`[data-key="${key}"]`)
  if (!marked) return false
  if (marked.matches('input')) marked.focus()
  else marked.click()
  return true
}

function walk(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return false
  const current = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement))
  const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus()
  return true
}

const PARENTS: Partial<Record<Route['page'], Route>> = {
  'new-payout': { page: 'payouts' },
  'new-batch': { page: 'payouts' },
  proposal: { page: 'payouts' },
  vault: { page: 'vaults' },
  'new-vault': { page: 'vaults' },
  enrol: { page: 'officers' },
}

function back(): boolean {
  const parent = PARENTS[parse(window.location.hash).page]
  if (!parent) return false
  if (window.history.length > 1) window.history.back()
  else go(parent)
  return true
}
