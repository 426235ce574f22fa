// A treasury to look at and to test with. Never part of the product: only tests and the preview import it.
import type * as t from '../data/types'

export const NOW = new Date()
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const ago = (milliseconds: number) => new Date(NOW.getTime() - milliseconds).toISOString()
export const later = (milliseconds: number) => ago(-milliseconds)

export const btc = (value: string): t.Money => ({ value, asset: 'BTC', places: 8 })
export const usdc = (value: string): t.Money => ({ value, asset: 'USDC', places: 6 })
export const eth = (value: string): t.Money => ({ value, asset: 'ETH', places: 18 })

const hex = (seed: number, length = 64) => {
  let text = ''
  let state = (seed * 2654435761 + 97) >>> 0
  while (text.length < length) {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    text += state.toString(16).padStart(8, '0')
  }
  return text.slice(0, length)
}

const BECH = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const taproot = (seed: number) => `bcrt1p${[...hex(seed, 58)].map((digit, at) => BECH[(parseInt(digit, 16) * 2 + at) % 32]).join('')}`
const evm = (seed: number) => `0x${hex(seed, 40)}`
const grouped = (address: string) => address.match(/.{1,4}/g)?.join(' ') ?? address

const REGTEST = 'Bitcoin regtest (test coins)'
const SEPOLIA = 'Sepolia, eip155:11155111 (test coins)'

export const frame: t.Frame = {
  name: 'Acme Treasury',
  treasury: hex(1),
  grade: 'single_host',
  grade_reason: '3 seats, of which 2 are enough to sign, are used on one machine, treasury-desk',
  network_class: 'test',
  frozen: [],
  waiting: 3,
  machine: 'treasury-desk',
  entries: 1482,
  head: hex(2),
  candidate: null,
  version: '0.1.0',
  troubles: [],
  weaknesses: [],
}

export const freeze: t.Freeze = {
  id: hex(40),
  scope: 'treasury',
  what: 'the whole treasury',
  by: 'Carol',
  reason: 'call from the bank, somebody asks for an urgent payout',
  time: ago(7 * MINUTE),
  thaw: null,
}

export const keys: t.PluggedKey[] = [
  { serial: 17204331, firmware: '5.7.4', officer: 'Alice', officer_id: hex(11), state: 'ready', tries_left: 8 },
  { serial: 31880012, firmware: '5.7.1', officer: null, officer_id: null, state: 'not_enrolled', tries_left: 3 },
]

export const nodes: t.NodeHealth[] = [
  { network: 'regtest', network_words: REGTEST, place: '127.0.0.1:18443', state: 'answers', height: 812001, seen: ago(20_000), trouble: null },
  { network: 'eip155:11155111', network_words: SEPOLIA, place: '10.0.0.5:8545', state: 'trouble', height: 6120044, seen: ago(4 * MINUTE), trouble: 'The node at 10.0.0.5:8545 did not answer within 10 s. Balances are as of block 6,120,044; nothing was lost, and it is asked again in 30 s.' },
]

const PEOPLE = ['Alice', 'Bob', 'Carol', 'Dora']
export const payees: t.Payee[] = [
  { name: 'City Power', address: taproot(21), grouped: '', network: 'regtest', network_words: REGTEST, since: ago(200 * DAY), lists: ['Suppliers'], look_alike: null, paid_count: 41, last_paid: ago(12 * DAY), pending: null },
  { name: 'Foundry Ltd', address: taproot(22), grouped: '', network: 'regtest', network_words: REGTEST, since: ago(340 * DAY), lists: ['Suppliers'], look_alike: null, paid_count: 118, last_paid: ago(DAY), pending: null },
  { name: 'Foundry Limited', address: taproot(23), grouped: '', network: 'regtest', network_words: REGTEST, since: ago(2 * DAY), lists: [], look_alike: 'Foundry Ltd', paid_count: 0, last_paid: null, pending: null },
  { name: 'Harbour Exchange', address: evm(24), grouped: '', network: 'eip155:11155111', network_words: SEPOLIA, since: ago(90 * DAY), lists: ['Exchanges'], look_alike: null, paid_count: 7, last_paid: ago(30 * DAY), pending: null },
  { name: 'Northwind Hosting', address: taproot(25), grouped: '', network: 'regtest', network_words: REGTEST, since: ago(31 * DAY), lists: ['Suppliers'], look_alike: null, paid_count: 3, last_paid: ago(3 * DAY), pending: hex(90) },
].map((payee) => ({ ...payee, grouped: grouped(payee.address) }))

const seats: t.SeatState[] = [
  { number: 1, name: 'desk', kind: 'device', opened_by: [], openers: 0, machine: 'treasury-desk', state: 'ready', words: 'the keyring of treasury-desk' },
  { number: 2, name: 'key', kind: 'hardware', opened_by: ['Alice', 'Bob'], openers: 1, machine: 'treasury-desk', state: 'sealed', words: 'Alice or Bob' },
  { number: 3, name: 'safe', kind: 'recovery', opened_by: ['Alice', 'Bob', 'Carol'], openers: 2, machine: 'treasury-desk', state: 'sealed', words: '2 of Alice, Bob, Carol together' },
]

export const vaults: t.Vault[] = [
  { id: hex(31), name: 'Operations', network: 'regtest', network_words: REGTEST, threshold: 2, seats, confirmations: 3, state: 'ready', proposal: null, held: false, deposits: false, account: null, assets: [{ symbol: 'BTC', places: 8, contract: null }] },
  {
    id: hex(32),
    name: 'Ether desk',
    network: 'eip155:11155111',
    network_words: SEPOLIA,
    threshold: 2,
    seats,
    confirmations: 12,
    state: 'ready',
    proposal: null,
    held: false,
    deposits: true,
    account: evm(33),
    assets: [
      { symbol: 'ETH', places: 18, contract: null },
      { symbol: 'USDC', places: 6, contract: evm(34) },
    ],
  },
  { id: hex(35), name: 'Reserve', network: 'regtest', network_words: REGTEST, threshold: 2, seats: seats.map((seat) => ({ ...seat, state: 'missing' as const })), confirmations: 6, state: 'ordered', proposal: null, held: false, deposits: false, account: null, assets: [{ symbol: 'BTC', places: 8, contract: null }] },
]

export const holdings: Record<string, t.Holdings> = {
  Operations: {
    vault: 'Operations',
    as_of: 812001,
    trouble: null,
    read: ago(3 * MINUTE),
    totals: [btc('12.40218843')],
    parts: [
      { what: 'change on its way back', amount: btc('0.29995870') },
      { what: 'incoming, not in a block: it may never come', amount: btc('0.05000000') },
    ],
    accounts: [],
    unanswered: [],
  },
  'Ether desk': {
    vault: 'Ether desk',
    as_of: 6120044,
    trouble: null,
    read: ago(5 * MINUTE),
    totals: [eth('3.204419'), usdc('184250.5')],
    parts: [],
    accounts: [
      { index: 0, address: evm(33), holds: [eth('3.19'), usdc('180000')] },
      { index: 4, address: evm(37), holds: [usdc('4250.5')] },
      { index: 7, address: evm(38), holds: [eth('0.014419')] },
    ],
    unanswered: ['DAI'],
  },
}

export const history: t.BalanceSeries[] = [
  { vault: 'Operations', asset: 'BTC', places: 8, points: [9.1, 8.4, 10.9, 10.2, 7.7, 12.6, 11.8, 12.40218843].map((value, at) => ({ time: ago((88 - at * 12) * DAY), value: String(value) })) },
  { vault: 'Ether desk', asset: 'USDC', places: 6, points: [90000, 140000, 132000, 184250.5].map((value, at) => ({ time: ago((80 - at * 25) * DAY), value: String(value) })) },
]

export const limits: t.LimitView[] = [
  { limit: 'A day’s spending, of Operations', used: '0.91 BTC', adds: null, allowed: '1 BTC', percent: 91, window: '24 h', frees: null, words: '0.91 of 1 BTC used in 24 h' },
  { limit: 'A day’s payouts', used: '6', adds: null, allowed: '20 payouts', percent: 30, window: '24 h', frees: null, words: '6 of 20 payouts in 24 h' },
  { limit: 'A day’s USDC', used: '12000 USDC', adds: null, allowed: '50000 USDC', percent: 24, window: '24 h', frees: later(5 * HOUR), words: '12000 of 50000 USDC used in 24 h' },
]

const MEMOS = ['October hosting, invoice 118', 'Payroll, week 47', 'Invoice 2026-0912', 'Refund 88-12', 'Power, November', '']
const STATUSES: t.Status[] = ['confirmed', 'confirmed', 'confirmed', 'confirmed', 'confirmed', 'declined', 'confirmed', 'lapsed', 'confirmed', 'reverted']

const base: t.ProposalRow = {
  id: hex(100),
  kind: 'payout',
  status: 'open',
  final: false,
  summary: '0.5 BTC from Operations to Foundry Ltd and City Power',
  vault: 'Operations',
  network: REGTEST,
  payees: ['Foundry Ltd', 'City Power'],
  total: btc('0.5'),
  memo: 'October hosting, invoice 118',
  initiator: 'Bob',
  proposed: ago(20 * MINUTE),
  ends: later(90 * MINUTE),
  approved_by: ['Bob'],
  waiting: '1 more of Treasury to approve (Alice or Carol)',
  could_approve: ['Alice', 'Carol'],
  could_release: [],
  demands: [{ group: 'Treasury', count: 2, given: 1 }],
  held: false,
  confirmations: null,
  needed: 3,
  items: 0,
}

export const open: t.ProposalRow[] = [
  base,
  { ...base, id: hex(101), summary: '2000 USDC from Ether desk to Harbour Exchange', vault: 'Ether desk', network: SEPOLIA, payees: ['Harbour Exchange'], total: usdc('2000'), memo: '', initiator: 'Carol', proposed: ago(3 * HOUR), ends: later(20 * HOUR), approved_by: [], demands: [{ group: 'Treasury', count: 2, given: 0 }], waiting: '2 more of Treasury to approve (Alice, Bob or Dora)', could_approve: ['Alice', 'Bob', 'Dora'], needed: 12 },
  { ...base, id: hex(102), status: 'planned', summary: '0.07 BTC from Operations to City Power', payees: ['City Power'], total: btc('0.07'), memo: 'Power, November', initiator: 'Alice', proposed: ago(5 * HOUR), approved_by: ['Bob', 'Carol'], demands: [{ group: 'Treasury', count: 2, given: 2 }], could_approve: [], could_release: ['Alice', 'Bob'], waiting: 'a release of 1 seat: key by Alice or Bob; or safe by 2 of Alice, Bob, Carol' },
  { ...base, id: hex(103), kind: 'payee', summary: `Northwind Hosting is paid at ${taproot(26)}`, payees: [], total: null, memo: '', initiator: 'Alice', proposed: ago(26 * HOUR), ends: later(5 * DAY), approved_by: [], demands: [{ group: 'Board', count: 2, given: 0 }], could_approve: ['Dora'], waiting: '2 more of Board to approve (Dora or Erin)', needed: null },
  { ...base, id: hex(104), status: 'broadcast', summary: '1.25 BTC from Operations to Northwind Hosting', payees: ['Northwind Hosting'], total: btc('1.25'), memo: 'Invoice 2026-0912', initiator: 'Carol', proposed: ago(9 * HOUR), approved_by: ['Alice', 'Bob'], could_approve: [], waiting: 'blocks on its transaction', confirmations: 1, needed: 3 },
  { ...base, id: hex(105), status: 'signing', summary: `0.02 BTC from Operations to ${taproot(51)}`, payees: [taproot(51)], total: btc('0.02'), memo: 'Refund 88-12', initiator: 'Bob', proposed: ago(30 * HOUR), approved_by: ['Alice', 'Carol'], could_approve: [], waiting: 'its seats, which are signing, or were cut off', needed: 3 },
  { ...base, id: hex(106), kind: 'batch', summary: '214 payouts of 4.2105 BTC from Operations', payees: [], total: btc('4.2105'), memo: 'Payroll, week 47', initiator: 'Dora', proposed: ago(2 * HOUR), approved_by: [], demands: [{ group: 'Treasury', count: 2, given: 0 }, { group: 'Board', count: 1, given: 0 }], could_approve: ['Bob'], waiting: '2 more of Treasury and 1 more of Board to approve (Bob, Carol or Dora)', items: 214, needed: 3 },
]

export const TOTAL = 100_000

/** The payouts of two years, made as they are asked for. */
export function settled(index: number): t.ProposalRow {
  const payee = payees[index % payees.length]!
  const onEvm = payee.network !== 'regtest'
  const whole = ((index * 7919) % 4200) / (onEvm ? 1 : 1000)
  const status = STATUSES[index % STATUSES.length]!
  const total = onEvm ? usdc(String(Math.max(1, Math.round(whole)))) : btc(String(whole || 0.001))
  return {
    ...base,
    id: hex(1000 + index),
    status,
    final: true,
    summary: `${total.value} ${total.asset} from ${onEvm ? 'Ether desk' : 'Operations'} to ${payee.name}`,
    vault: onEvm ? 'Ether desk' : 'Operations',
    network: payee.network_words,
    payees: [payee.name],
    total,
    memo: MEMOS[index % MEMOS.length]!,
    initiator: PEOPLE[index % PEOPLE.length]!,
    proposed: ago(2 * DAY + index * 11 * MINUTE),
    ends: ago(DAY + index * 11 * MINUTE),
    waiting: null,
    could_approve: [],
    approved_by: ['Alice', 'Bob'],
    demands: [{ group: 'Treasury', count: 2, given: null }],
    confirmations: 6,
  }
}

const WORDS = ['corn', 'ribbon', 'otter', 'plank', 'velvet', 'sunset', 'mirror', 'gate', 'tulip', 'anchor', 'dune', 'flint']

const proposed = (row: t.ProposalRow): t.Milestone => ({ time: row.proposed, kind: 'proposed', what: `proposed by ${row.initiator}`, by: row.initiator, sequence: 1400 })

export function detail(row: t.ProposalRow): t.ProposalDetail {
  const legs: t.LegView[] = row.total && row.kind === 'payout' ? row.payees.map((name, at) => leg(name, at, row)) : []
  const out = row.status === 'broadcast' || row.status === 'confirmed'
  const way: t.Milestone[] = [
    proposed(row),
    ...row.approved_by.map((name, at) => ({ time: ago(10 * MINUTE - at), kind: 'approved', what: `approved by ${name}`, by: name, sequence: 1401 + at })),
    ...(row.status === 'planned' || out ? [{ time: ago(5 * MINUTE), kind: 'planned', what: 'transaction fixed (version 1)', by: null, sequence: 1403 }] : []),
    ...(out
      ? [
          { time: ago(4 * MINUTE), kind: 'released', what: 'seat key opened by Alice', by: 'Alice', sequence: 1404 },
          { time: ago(4 * MINUTE), kind: 'signing_started', what: 'signing started', by: null, sequence: 1405 },
          { time: ago(3 * MINUTE), kind: 'signed', what: 'signed by the seats', by: null, sequence: 1406 },
          { time: ago(2 * MINUTE), kind: 'broadcast', what: 'handed to the node', by: null, sequence: 1407 },
        ]
      : []),
    ...(row.status === 'confirmed' ? [{ time: ago(MINUTE), kind: 'confirmed', what: 'confirmed in block 811998', by: null, sequence: 1408 }] : []),
    ...(row.status === 'declined' ? [{ time: ago(MINUTE), kind: 'declined', what: 'declined by Carol: the invoice is not ours', by: 'Carol', sequence: 1408 }] : []),
  ]
  return {
    row,
    words: WORDS,
    phrase: row.status,
    legs,
    fee_cap: row.kind === 'payout' ? (row.total?.asset === 'BTC' ? btc('0.0005') : eth('0.02')) : null,
    fee: out && row.total?.asset === 'BTC' ? btc('0.00004130') : null,
    txid: out ? hex(500) : null,
    nonce: null,
    account: 0,
    rule: 'Suppliers',
    sentence: '2 of Treasury, the initiator not counting (lane Suppliers)',
    ends: row.ends,
    limits: row.status === 'open' ? limits.slice(0, 1).map((one) => ({ ...one, used: '0.41 BTC', adds: '0.50 BTC' })) : [],
    refused: [],
    approvals: row.approved_by.map((officer) => ({ officer, serial: 17204331, time: ago(10 * MINUTE) })),
    declined: row.status === 'declined' ? { by: 'Carol', reason: 'the invoice is not ours' } : null,
    expires: row.ends,
    way,
    plan: out ? [{ label: 'Spends', value: `0.8 BTC from ${hex(501).slice(0, 16)}…:1` }, { label: 'Change', value: '0.29995870 BTC back to Operations' }] : [],
    fields: fieldsOf(row),
    batch: null,
    unusual: row.status === 'open' && row.kind === 'payout' ? ['first payment to City Power', 'the largest of this week'] : [],
    can: row.status === 'open' ? ['approve', 'decline', 'freeze'] : row.status === 'planned' ? ['release', 'freeze'] : row.status === 'broadcast' ? ['bump', 'cancel', 'freeze'] : [],
    seats: vaults[0]!.seats,
  }
}

function leg(name: string, at: number, row: t.ProposalRow): t.LegView {
  const payee = payees.find((one) => one.name === name)
  const address = payee?.address ?? name
  const amount = row.payees.length > 1 ? btc(at === 0 ? '0.3' : '0.2') : row.total!
  return { payee: payee ? name : null, address, grouped: grouped(address), amount }
}

function fieldsOf(row: t.ProposalRow): t.Field[] {
  if (row.kind === 'payee') {
    const address = taproot(26)
    return [
      { label: 'Payee', value: 'Northwind Hosting' },
      { label: 'Network', value: REGTEST },
      { label: 'Pays to', value: `${address}\n${grouped(address)}` },
      { label: 'Until now', value: `${taproot(25)}\n${grouped(taproot(25))}` },
    ]
  }
  if (row.kind === 'batch') return [{ label: 'From', value: `vault Operations, ${REGTEST}` }, { label: 'Memo', value: row.memo }]
  return [{ label: 'From', value: `vault ${row.vault}` }]
}

const POLICY_TEXT = `# Two of three: a start-up with three founders and one vault.
version = 1

[groups]
Board = ["Dora", "Erin"]
Treasury = ["Alice", "Bob", "Carol"]

[[lane]]
name = "Suppliers"
scope = { payees = ["Suppliers"] }
steps = [{ group = "Treasury", count = 2 }]
expiry = "24 h"
`

const POLICY_WORDS = `Groups
  Board: Dora and Erin.
  Treasury: Alice, Bob and Carol.
Payee lists
  Exchanges: Harbour Exchange.
  Suppliers: City Power, Foundry Ltd and Northwind Hosting.
Never paid
  No large payments to strangers: refuses payouts of which a leg pays unknown payees and is above 0.05 BTC.
Limits
  A day’s spending: at most 1 BTC with fees in any 24 h for each vault, over all payouts.
  A day’s payouts: at most 20 payouts in any 24 h together, over all payouts.
Payouts, first that fits; what fits none is refused
  Suppliers: payouts of which every leg pays Suppliers need 2 of Treasury, the initiator not being one of them, all within 24 h of the proposal.
  Large: payouts that total above 2 BTC need 2 of Treasury and 1 of Board, then 24 h of waiting, all within 3 d of the proposal.
  Everyday: payouts that total at most 2 BTC need 2 of Treasury, all within 24 h of the proposal.
Changes
  A new policy needs 2 of Board, the initiator not being one of them, then 24 h of waiting, all within 7 d of the proposal.
  Lifting a freeze needs 1 of Treasury and 1 of Board, all within 24 h of the proposal.
`

export const policy: t.PolicyView = {
  hash: hex(61),
  adopted: ago(120 * DAY),
  text: POLICY_TEXT,
  words: POLICY_WORDS,
  groups: [
    { name: 'Board', members: ['Dora', 'Erin'] },
    { name: 'Treasury', members: ['Alice', 'Bob', 'Carol'] },
  ],
}

export const policyHistory: t.PolicyVersion[] = [
  { hash: hex(61), adopted: ago(120 * DAY), by: 'Dora', proposal: hex(91), text: POLICY_TEXT, in_force: true },
  { hash: hex(62), adopted: ago(340 * DAY), by: 'the founders', proposal: null, text: POLICY_TEXT, in_force: false },
]

export const officers: t.OfficerView[] = PEOPLE.map((name, at) => ({ id: hex(11 + at), name, serial: 17204331 + at * 1117, firmware: '5.7.4', active: name !== 'Dora' || at !== 3, groups: name === 'Dora' ? ['Board'] : ['Treasury'], waiver: at === 2 ? 'board minutes 12 March' : null, pending: null }))

export const machines: t.MachineView[] = [{ id: hex(71), name: 'treasury-desk', administrators: ['Erin', 'Frank'], active: true, here: true }]

const ACTS = ['confirmed', 'broadcast', 'signed', 'signing_started', 'released', 'planned', 'approved', 'approved', 'proposed'] as const

export function entry(sequence: number): t.JournalRow {
  const name = ACTS[(frame.entries - 1 - sequence) % ACTS.length]!
  const author = name === 'approved' || name === 'proposed' || name === 'released' ? PEOPLE[sequence % PEOPLE.length]! : 'machine treasury-desk'
  return {
    sequence,
    time: ago((frame.entries - sequence) * 17 * MINUTE),
    first_seen: ago((frame.entries - sequence) * 17 * MINUTE - 900),
    name,
    author,
    id: hex(5000 + sequence),
    proposal: hex(1000 + Math.floor(sequence / 9)),
    body: JSON.stringify({ v: 1, treasury: hex(1), act: { [name]: { proposal: hex(1000) } } }, null, 2),
  }
}

export const settings: t.SettingsView = {
  machine: 'treasury-desk',
  home: '/home/alice/.local/share/countersign',
  bitcoin: { url: 'http://127.0.0.1:18443', user: null, cookie: '/var/lib/bitcoind/regtest/.cookie', highest_fee_rate: '100' },
  evm: [{ chain_id: '11155111', place: '10.0.0.5:8545', second: null, bearer: true, highest_gas_price: '300' }],
  certificates: null,
  networks: [
    { network: 'regtest', words: REGTEST, chain_id: null },
    { network: 'eip155:11155111', words: SEPOLIA, chain_id: '11155111' },
  ],
}

export const foundingChoices: t.FoundingChoices = {
  networks: ['bitcoin', 'testnet4', 'signet', 'regtest'],
  policies: [
    { name: 'two-of-three-startup.toml', text: POLICY_TEXT },
    { name: 'tiered-treasury.toml', text: POLICY_TEXT.replace('Two of three: a start-up with three founders and one vault.', 'Tiered: a company with a treasury team and a board.') },
  ],
  enrolments: [{ name: 'Alice', serial: 17204331, firmware: '5.7.4', waiver: null }],
  test_roots: true,
}

export const requires: t.PolicyAnswer = {
  verdict: 'requires',
  sentence: '2 of Treasury, the initiator not counting (lane Suppliers)',
  rule: 'Suppliers',
  demands: [
    { group: 'Treasury', count: 2 },
    { group: 'Board', count: 1 },
  ],
  delay: '24 h',
  ends: later(DAY),
  limits: [{ ...limits[0]!, used: '0.41 BTC', adds: '0.50 BTC' }],
  own_counts: false,
}

export const refused: t.PolicyAnswer = {
  verdict: 'refused',
  reasons: [{ words: 'a leg pays an address that is not in the address book and is above 0.05 BTC', rule: 'No large payments to strangers', remedy: 'enter the payee in the address book first, or pay at most 0.05 BTC' }],
}
