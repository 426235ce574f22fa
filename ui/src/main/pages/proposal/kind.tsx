import { Ban, BookUser, Coins, Combine, Cpu, Layers, type LucideIcon, ScrollText, Send, Sun, UserRound, Vault } from 'lucide-react'
import type { TFunction } from 'i18next'

import type { Kind, ProposalRow } from '../../data/types'
import { list } from '../../parts/format'

const ICONS: Record<Kind, LucideIcon> = {
  payout: Send,
  batch: Layers,
  sweep: Combine,
  cancel: Ban,
  policy: ScrollText,
  officer: UserRound,
  payee: BookUser,
  thaw: Sun,
  vault: Vault,
  machine: Cpu,
  asset: Coins,
}

function isKind(kind: string): kind is Kind {
  return kind in ICONS
}

/** The word for a kind; one that this window does not know is called as the shell calls it. */
export function kindWord(kind: string, t: TFunction): string {
  return isKind(kind) ? t(`kind.${kind}`) : kind
}

export function KindIcon({ kind }: { kind: string }) {
  const Icon = isKind(kind) ? ICONS[kind] : ScrollText
  return <Icon size={16} className="kind" aria-hidden />
}

export const PAYING: Kind[] = ['payout', 'batch', 'sweep', 'cancel']
export const CHANGING: Kind[] = ['policy', 'officer', 'payee', 'thaw', 'vault', 'machine', 'asset']

/** What a proposal is, in one line: for a payout whom it pays; else as the shell sums it up. */
export function titleOf(row: ProposalRow, t: TFunction, locale: string): string {
  if (row.kind !== 'payout') return `${kindWord(row.kind, t)}: ${row.summary}`
  const [first, second] = row.payees
  if (row.payees.length <= 2) return t('proposal.to', { payees: list([first, second].filter((name) => name !== undefined).map(shortName), locale) })
  return t('proposal.toMany', { payee: shortName(first ?? ''), count: row.payees.length - 1 })
}

/** A name whole; an address by both its ends, since no decision hangs on it here. */
function shortName(payee: string): string {
  return payee.length > 30 && !payee.includes(' ') ? `${payee.slice(0, 10)}…${payee.slice(-6)}` : payee
}
