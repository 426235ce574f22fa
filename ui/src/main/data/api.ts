// The one door to the shell: the generated commands, with refusals thrown as errors.
import { Channel } from '@tauri-apps/api/core'

import { commands, events } from '../../ipc/bindings'
import { asShellError, ShellError } from './error'
import type * as t from './types'

type Answer<T> = Promise<{ status: 'ok'; data: T } | { status: 'error'; error: t.Problem }>

async function unwrap<T>(answer: Answer<T>): Promise<T> {
  let settled: Awaited<Answer<T>>
  try {
    settled = await answer
  } catch (error) {
    throw asShellError(error)
  }
  if (settled.status === 'ok') return settled.data
  // What the wall of capabilities refuses is no problem of ours, and has no code.
  throw typeof settled.error === 'object' ? new ShellError(settled.error) : asShellError(settled.error)
}

function channel<T>(onMessage: (message: T) => void): Channel<T> {
  const made = new Channel<T>()
  made.onmessage = onMessage
  return made
}

const c = commands

export const api = {
  start: () => unwrap(c.start()),
  frame: () => unwrap(c.frame()),
  keys: () => unwrap(c.pluggedKeys()),
  nodes: () => unwrap(c.nodes()),
  testNode: (network: string) => unwrap(c.testNode(network)),
  turn: () => unwrap(c.turn()),

  proposals: (query: t.Query, after: string | null, limit: number) => unwrap(c.proposals(query, after, limit)),
  proposal: (id: string) => unwrap(c.proposal(id)),
  batchItems: (id: string, after: string | null, limit: number) => unwrap(c.batchItems(id, after, limit)),
  exportReceipt: (id: string) => unwrap(c.exportReceipt(id)),

  // These open another window, which alone may decide. Nothing is decided here.
  openSheet: (id: string, purpose: t.SheetPurpose) => unwrap(c.openSheet(id, purpose)),
  openFreeze: (target: t.FreezeTarget) => unwrap(c.openFreezeSheet(target)),

  checkDraft: (draft: t.Draft, officer: string | null) => unwrap(c.checkDraft(draft, officer)),
  checkTable: (vault: string, csv: string, memo: string) => unwrap(c.checkTable(vault, csv, null, memo)),
  // Proposing is signed in the PIN window by the officer who is named.
  proposePayout: (draft: t.Draft, officer: string) => unwrap(c.proposePayout(draft, officer)),
  proposeTable: (vault: string, csv: string, memo: string, officer: string) => unwrap(c.proposeTable(vault, csv, null, memo, officer)),
  proposeCancel: (payout: string, officer: string) => unwrap(c.proposeCancel(payout, null, officer)),
  proposeThaw: (freezes: string[], officer: string) => unwrap(c.proposeThaw(freezes, officer)),
  bump: (id: string) => unwrap(c.bump(id)),
  confirmClock: (officer: string) => unwrap(c.confirmClock(officer)),

  payees: () => unwrap(c.payees()),
  proposePayee: (name: string, address: string, network: string, officer: string) => unwrap(c.proposePayee(name, address, network, officer)),
  proposePayeeRemoval: (name: string, officer: string) => unwrap(c.proposePayeeRemoval(name, officer)),

  vaults: () => unwrap(c.vaults()),
  holdings: (vault: string) => unwrap(c.holdings(vault)),
  history: (days: number) => unwrap(c.balanceHistory(days)),
  readHoldings: (vault: string, onProgress: (progress: t.ReadProgress) => void) => unwrap(c.readHoldings(vault, channel(onProgress))),
  stopReading: () => unwrap(c.stopReading()),
  receive: (vault: string, deposit: number | null) => unwrap(c.receive(vault, deposit)),
  proposeSweep: (vault: string, asset: string | null, memo: string, officer: string) => unwrap(c.proposeSweep(vault, asset, memo, officer)),
  proposeVault: (vault: t.VaultDraft, officer: string) => unwrap(c.proposeVault(vault, officer)),
  proposeAsset: (chain: string, contract: string | null, symbol: string, places: number, officer: string) => unwrap(c.proposeAsset(chain, contract, symbol, places, officer)),
  cancelAct: () => unwrap(c.cancelAct()),
  makeKeys: (vault: string, onStep: (step: t.StepProgress) => void) => unwrap(c.makeKeys(vault, channel(onStep))),

  limits: () => unwrap(c.limits()),
  policy: () => unwrap(c.policy()),
  policyHistory: () => unwrap(c.policyHistory()),
  checkPolicy: (text: string) => unwrap(c.checkPolicy(text)),
  proposePolicy: (text: string, officer: string) => unwrap(c.proposePolicy(text, officer)),

  officers: () => unwrap(c.officers()),
  machines: () => unwrap(c.machines()),
  enrolments: () => unwrap(c.enrolments()),
  keyReadiness: (serial: number) => unwrap(c.keyReadiness(serial)),
  prepareKey: (serial: number, onStep: (step: t.StepProgress) => void) => unwrap(c.prepareKey(serial, channel(onStep))),
  enrol: (serial: number, name: string, existing: t.ExistingKeysChoice, waiver: string | null, onStep: (step: t.StepProgress) => void) => unwrap(c.enrol(serial, name, existing, waiver, channel(onStep))),
  proposeOfficer: (name: string, officer: string) => unwrap(c.proposeOfficer(name, officer)),
  proposeSuspension: (name: string, officer: string) => unwrap(c.proposeSuspension(name, officer)),

  journal: (query: t.JournalQuery) => unwrap(c.journal(query)),
  verifyJournal: () => unwrap(c.verifyJournal()),
  exportJournal: () => unwrap(c.exportJournal()),
  backUp: () => unwrap(c.backUp()),

  settings: () => unwrap(c.settings()),
  setBitcoinNode: (draft: t.BitcoinNodeDraft) => unwrap(c.setBitcoinNode(draft)),
  setEvmNode: (draft: t.EvmNodeDraft) => unwrap(c.setEvmNode(draft)),

  setCertificates: (folder: string | null) => unwrap(c.setCertificates(folder)),

  foundingChoices: () => unwrap(c.foundingChoices()),
  join: (draft: t.JoinDraft) => unwrap(c.join(draft)),
  found: (draft: t.FoundingDraft) => unwrap(c.found(draft)),

  /** Tells what changed, for as long as the window lives. */
  onChanged: (told: (tables: t.Changed[]) => void) => events.changed.listen((event) => told(event.payload.tables)),
  /** Tells what the loop did. */
  onHappened: (told: (happened: t.Happened) => void) => events.happened.listen((event) => told(event.payload)),
}
