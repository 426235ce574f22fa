// The shell's commands, answered from the fixture.
import { mockIPC } from '@tauri-apps/api/mocks'

import type * as t from '../data/types'
import * as f from './fixture'

export interface Scene {
  start: t.Start
  frozen: t.Freeze[]
  keys: t.PluggedKey[]
  empty: boolean
  broken: boolean
  /** Every command that was called, for tests. */
  called: { command: string; args: Record<string, unknown> }[]
}

export const scene: Scene = { start: { state: 'ready' }, frozen: [], keys: f.keys, empty: false, broken: false, called: [] }

const listeners = new Map<string, number[]>()

/** All arguments that some command takes. */
interface Args {
  query: t.Query
  after: string | null
  limit: number
  id: string
  draft: t.Draft
  csv: string
  vault: string
  text: string
  serial: number
  network: string
}

const fails = (problem: Partial<t.Problem>): never => {
  throw { code: 'node', message: 'The node at 10.0.0.5:8545 did not answer. Your approvals are kept; Countersign tries again in 30 s.', remedy: null, field: null, ...problem }
}

function page(query: t.Query, after: string | null, limit: number): t.Page {
  if (scene.empty) return { rows: [], total: 0, next: null }
  const from = after === null ? 0 : Number(after)
  const wanted = query.text.toLowerCase()
  const fits = (row: t.ProposalRow) =>
    `${row.summary} ${row.memo} ${row.initiator} ${row.id}`.toLowerCase().includes(wanted) &&
    (query.statuses.length === 0 || query.statuses.includes(row.status)) &&
    (query.kinds.length === 0 || query.kinds.includes(row.kind)) &&
    (query.vault === null || row.vault === query.vault)
  const open = f.open.filter(fits)
  if (query.open_only) return { rows: open, total: open.length, next: null }
  const rows: t.ProposalRow[] = []
  let at = from
  const whole = wanted === '' && query.statuses.length === 0 && query.vault === null && !query.kinds.includes('policy')
  const last = whole ? f.TOTAL : 600
  for (; at < last && rows.length < limit; at += 1) {
    const row = at < open.length ? open[at]! : f.settled(at - open.length)
    if (fits(row)) rows.push(row)
  }
  return { rows, total: whole ? f.TOTAL : rows.length, next: whole && at < last ? String(at) : null }
}

function find(id: string): t.ProposalRow {
  const known = f.open.find((row) => row.id === id)
  if (known) return known
  for (let at = 0; at < 2000; at += 1) if (f.settled(at).id === id) return f.settled(at)
  return f.settled(0)
}

function draft({ vault, legs }: t.Draft): t.DraftAnswer {
  const empty = legs.every((leg) => leg.amount === '')
  const answers = legs.map((leg): t.LegAnswer => {
    const payee = f.payees.find((one) => one.name === leg.to || one.address === leg.to)
    const known = payee ?? null
    const isAddress = /^(bcrt1|0x)/.test(leg.to)
    const places = leg.asset === 'BTC' ? 8 : 6
    const tooFine = (leg.amount.split('.')[1] ?? '').length > places
    return {
      to_error: leg.to === '' || known || isAddress ? null : `there is no payee \`${leg.to}\` in the address book, and it is no address (there are City Power, Foundry Ltd)`,
      amount_error: tooFine ? `${leg.amount} has more than the ${places} decimal places of ${leg.asset}` : null,
      payee: known?.name ?? null,
      address: known?.address ?? (isAddress ? leg.to : null),
      grouped: null,
      network_words: known?.network_words ?? null,
      stranger: !known && isAddress,
      first_payment: known?.paid_count === 0,
      look_alike: known?.look_alike ?? null,
      amount: leg.amount === '' || tooFine ? null : { value: leg.amount, asset: leg.asset, places },
    }
  })
  const total = legs.reduce((sum, leg) => sum + Number(leg.amount || 0), 0)
  const strangers = answers.some((leg) => leg.stranger)
  return {
    legs: answers,
    totals: empty ? [] : [{ value: String(Number(total.toFixed(8))), asset: legs[0]?.asset ?? 'BTC', places: 8 }],
    policy: empty || answers.some((leg) => leg.address === null || leg.amount === null) ? { verdict: 'incomplete' } : strangers ? f.refused : f.requires,
    error: null,
    fee_error: null,
    fee_cap: vault === 'Operations' ? f.btc('0.0005') : f.eth('0.02'),
    balance: vault === 'Operations' ? f.btc('12.40218843') : f.usdc('184250.5'),
    above_balance: total > 12.4,
    unusual: total > 1 ? ['the largest of this week'] : [],
  }
}

function table(csv: string): t.TableAnswer {
  const lines = csv.trim().split('\n').slice(1)
  const bad: t.BadLineView[] = []
  const rows = lines.flatMap((line, at): t.TableRow[] => {
    const [name = '', amount = '', , memo = ''] = line.split(',')
    const payee = f.payees.find((one) => one.name === name)
    if (payee && /^\d+(\.\d{1,8})?$/.test(amount)) return [{ line: at + 2, payee: name, address: payee.address, amount: f.btc(amount), memo }]
    bad.push({ line: at + 2, why: payee ? `\`${amount}\` is no amount of BTC` : `there is no payee \`${name}\` in the address book, and it is no address` })
    return []
  })
  const total = rows.reduce((sum, row) => sum + Number(row.amount.value), 0)
  return { rows: bad.length > 0 ? [] : rows, bad, totals: bad.length > 0 ? [] : [f.btc(String(Number(total.toFixed(8))))], fee_cap: f.btc('0.0005'), policy: bad.length > 0 ? { verdict: 'incomplete' } : f.requires, unusual: [] }
}

function journal(query: t.JournalQuery): t.JournalPage {
  const first = query.before === null ? f.frame.entries - 1 : query.before - 1
  const rows: t.JournalRow[] = []
  for (let at = first; at >= 0 && rows.length < query.limit; at -= 1) {
    const row = f.entry(at)
    if (query.names.length === 0 || query.names.includes(row.name)) rows.push(row)
  }
  const last = rows.at(-1)?.sequence ?? 0
  return { rows, total: f.frame.entries, next: last > 0 ? last : null }
}

export const answers: Record<string, (args: Args) => unknown> = {
  start: () => scene.start,
  frame: (): t.Frame => ({ ...f.frame, frozen: scene.frozen, waiting: scene.empty ? 0 : f.frame.waiting }),
  turn: () => null,
  plugged_keys: () => scene.keys,
  nodes: () => f.nodes,
  proposals: ({ query, after, limit }: Args) => page(query, after, limit),
  proposal: ({ id }: Args) => {
    const found = f.detail(find(id))
    return scene.frozen.length > 0 ? { ...found, row: { ...found.row, held: true } } : found
  },
  batch_items: () => ({ rows: Array.from({ length: 12 }, (_, at) => ({ ...f.settled(at), status: 'open', final: false })), total: 214, next: '12' }),
  limits: () => (scene.empty ? [] : f.limits),
  check_draft: ({ draft: written }: Args) => draft(written),
  check_table: ({ csv }: Args) => table(csv),
  propose_payout: () => f.open[0]!.id,
  propose_table: () => f.open[6]!.id,
  open_sheet: () => null,
  open_freeze_sheet: () => null,
  export_receipt: () => ({ path: '/home/alice/Countersign/receipt-3f2a91c0.json', words: 'receipt' }),
  payees: () => (scene.empty ? [] : f.payees),
  vaults: () => (scene.empty ? [] : f.vaults),
  holdings: ({ vault }: Args) => f.holdings[vault] ?? null,
  read_holdings: ({ vault }: Args) => f.holdings[vault] ?? fails({}),
  balance_history: () => f.history,
  receive: ({ vault }: Args): t.Receive => {
    const onBitcoin = vault === 'Operations'
    const address = onBitcoin ? f.payees[0]!.address : f.payees[3]!.address
    return { address, grouped: '', uri: `${onBitcoin ? 'bitcoin' : 'ethereum'}:${address}`, path: onBitcoin ? 'receive 14' : 'm/0/0', network_words: '' }
  },
  make_keys: () => new Promise(() => {}),
  policy: () => f.policy,
  policy_history: () => f.policyHistory,
  check_policy: ({ text }: Args): t.PolicyCheck => {
    const wrong = /^\s*oops/m.test(text)
    return { error: wrong ? { line: 3, column: 1, words: 'unknown word `oops`' } : null, view: wrong ? null : { ...f.policy, adopted: null, text }, diff: wrong ? '' : '--- in force\n+++ proposed\n@@ -3,3 +3,3 @@\n [groups]\n-Board = ["Dora", "Erin"]\n+Board = ["Dora", "Erin", "Frank"]\n Treasury = ["Alice", "Bob", "Carol"]\n' }
  },
  officers: () => f.officers,
  machines: () => f.machines,
  enrolments: () => [],
  key_readiness: ({ serial }: Args): t.KeyReadiness => ({ serial, firmware: '5.7.1', tries_left: 3, puk_tries_left: 3, obstacles: [{ kind: 'factory_pin', words: 'its PIN is the one from the factory' }] }),
  founding_choices: () => f.foundingChoices,
  journal: ({ query }: Args) => journal(query as unknown as t.JournalQuery),
  verify_journal: (): t.JournalCheck => ({ ok: !scene.broken, entries: f.frame.entries, head: f.frame.head, trouble: scene.broken ? 'entry 811: its link names another entry before it' : null }),
  export_journal: () => ({ path: '/home/alice/Countersign/journal.jsonl', words: 'journal' }),
  back_up: () => ({ path: '/home/alice/Countersign/backup-2026-11-27', words: 'Backed up: 1,482 entries, 3 sealed shares.' }),
  settings: () => f.settings,
  set_bitcoin_node: () => f.settings,
  set_evm_node: () => f.settings,
  test_node: ({ network }: Args): t.NodeTest => (network === 'regtest' ? { ok: true, words: 'It answers, and it is on Bitcoin regtest, at block 812,001.', height: 812001, milliseconds: 12 } : { ok: false, words: 'Nobody answers at 10.0.0.5:8545. Nothing was changed.', height: null, milliseconds: 0 }),
}

export function mockShell(change: Partial<Scene> = {}) {
  Object.assign(scene, { start: { state: 'ready' }, frozen: [], keys: f.keys, empty: false, broken: false, called: [] }, change)
  listeners.clear()
  mockIPC((command, payload) => {
    const args = (payload ?? {}) as Record<string, unknown>
    if (command === 'plugin:event|listen') {
      const { event, handler } = args as { event: string; handler: number }
      listeners.set(event, [...(listeners.get(event) ?? []), handler])
      return handler
    }
    if (command.startsWith('plugin:')) return null
    scene.called.push({ command, args })
    const answer = answers[command]
    if (!answer) return fails({ code: 'fault', message: `The preview knows no \`${command}\`.` })
    return answer(args as unknown as Args)
  })
}

/** Tells the window something, as the shell does. */
export function emit(event: string, payload: unknown) {
  const internals = (window as unknown as { __TAURI_INTERNALS__: Record<string, (...args: unknown[]) => void> }).__TAURI_INTERNALS__
  for (const handler of listeners.get(event) ?? []) {
    internals['runCallback']?.(handler, { event, id: handler, payload })
  }
}
