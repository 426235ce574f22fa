// The way of a proposal: what the journal says happened, then what it waits for, then what is still to come.
import type { TFunction } from 'i18next'

import type { Milestone, ProposalDetail, ProposalRow, Status } from '../../data/types'
import { sentence } from '../../parts/format'
import type { StationState } from '../../parts/timeline'

export interface Step {
  key: string
  state: StationState
  title: string
  time: string | null
  detail: string | null
}

const STOPPED = new Set(['declined', 'lapsed', 'signing_aborted', 'reverted', 'replaced', 'frozen', 'dropped', 'reorged'])

/** Whose sentence says more than that it happened: a reason, a version, a block. */
const TELLS_MORE = new Set(['declined', 'signing_aborted', 'reverted', 'replaced', 'frozen', 'confirmed'])

/** A first version is what one expects; a further one is worth a word. */
function tellsMore({ kind, what }: Milestone): boolean {
  return TELLS_MORE.has(kind) || (kind.startsWith('planned') && !what.includes('(version 1)'))
}

const AHEAD = ['planned', 'signed', 'broadcast', 'confirmed'] as const
type Ahead = (typeof AHEAD)[number]

/** The first station still to come for a payout of each status, beside the one at which it waits. */
const NEXT: Partial<Record<Status, Ahead>> = {
  open: 'planned',
  planned: 'signed',
  signing: 'signed',
  aborted: 'signed',
  bumping: 'signed',
  cancelling: 'signed',
  signed: 'broadcast',
  broadcast: 'confirmed',
}

export function steps(proposal: ProposalDetail, t: TFunction): Step[] {
  const past = proposal.way.map((milestone, at) => happened(milestone, at, proposal, t))
  const policy = policyStep(proposal, t)
  const behind = [...past.slice(0, 1), ...(policy ? [policy] : []), ...past.slice(1)]
  if (proposal.row.final) return behind
  return [...behind, now(proposal, t), ...later(proposal, t)]
}

function happened(milestone: Milestone, at: number, proposal: ProposalDetail, t: TFunction): Step {
  const memo = milestone.kind === 'proposed' && at === 0 ? proposal.row.memo : ''
  return {
    key: `${at}-${milestone.kind}`,
    state: STOPPED.has(milestone.kind) ? 'stopped' : 'done',
    title: t(`way.${milestone.kind}`, { by: milestone.by ?? '', defaultValue: milestone.what }),
    time: milestone.time,
    detail: memo ? `“${memo}”` : tellsMore(milestone) ? sentence(milestone.what) : null,
  }
}

function policyStep(proposal: ProposalDetail, t: TFunction): Step | null {
  if (proposal.refused.length > 0 && !proposal.row.final) {
    return { key: 'policy', state: 'stopped', title: t('way.refused'), time: null, detail: null }
  }
  if (!proposal.sentence) return null
  return { key: 'policy', state: 'done', title: t('way.policy'), time: null, detail: proposal.sentence }
}

function now(proposal: ProposalDetail, t: TFunction): Step {
  const { waiting, held, status } = proposal.row
  const waits = waiting ? t('overview.waitsFor', { what: waiting }) : null
  return { key: 'now', state: held ? 'stopped' : 'now', title: t(held ? 'way.now.held' : `way.now.${status}`), time: null, detail: waits }
}

function later(proposal: ProposalDetail, t: TFunction): Step[] {
  const step = (key: Ahead | 'enacted'): Step => ({ key, state: 'later', title: t(`way.later.${key}`, { count: proposal.row.needed ?? 0 }), time: null, detail: null })
  if (!isPaying(proposal.row)) return [step('enacted')]
  const next = NEXT[proposal.row.status]
  return next ? AHEAD.slice(AHEAD.indexOf(next)).map(step) : []
}

export function isPaying(proposal: Pick<ProposalRow, 'kind'>): boolean {
  return proposal.kind === 'payout' || proposal.kind === 'batch' || proposal.kind === 'sweep' || proposal.kind === 'cancel'
}
