// A payout being written. It outlives its page: who looks something up in the address book comes back to it.
import { useSyncExternalStore } from 'react'

import type { Draft, DraftLeg } from '../../data/types'
import { readAmount } from '../../parts/money'

export interface Written {
  vault: string
  legs: (DraftLeg & { key: number })[]
  /** As typed; empty for what is usual on the network. */
  feeCap: string
  memo: string
  hours: number
}

let lastKey = 0

export function newLeg(part: Partial<DraftLeg> = {}): Written['legs'][number] {
  lastKey += 1
  return { key: lastKey, to: '', amount: '', asset: '', ...part }
}

const empty = (): Written => ({ vault: '', legs: [newLeg()], feeCap: '', memo: '', hours: 24 })

let written = empty()
const listeners = new Set<() => void>()

export function write(change: (now: Written) => Written) {
  written = change(written)
  for (const listener of listeners) listener()
}

export function clearDraft() {
  write(empty)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useDraft(): Written {
  return useSyncExternalStore(subscribe, () => written)
}

/** What the shell is asked about: amounts as plain decimal text, or as typed where they can't be read. */
export function asked(draft: Written, locale: string): Draft {
  const cap = readAmount(draft.feeCap, locale)
  return {
    vault: draft.vault,
    legs: draft.legs.map((leg) => {
      const typed = readAmount(leg.amount, locale)
      return { to: leg.to.trim(), amount: typed.is === 'amount' ? typed.value : '', asset: leg.asset }
    }),
    fee_cap: cap.is === 'amount' ? cap.value : null,
    memo: draft.memo.trim(),
    expires_in_hours: draft.hours,
  }
}

/** Lines of a spreadsheet: payee, amount and perhaps the asset, between tabs. Nothing where it is no table. */
export function pastedRows(text: string): Partial<DraftLeg>[] | null {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const isTable = lines.length > 0 && lines.every((line) => line.includes('\t'))
  if (!isTable) return null
  return lines.map((line) => {
    const [to = '', amount = '', asset = ''] = line.split('\t').map((cell) => cell.trim())
    return { to, amount, ...(asset ? { asset } : {}) }
  })
}
