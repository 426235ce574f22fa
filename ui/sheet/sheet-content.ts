// What an officer reads: everything that Countersign decoded, in plain words.

import type { Field, Sheet, SheetPayment } from './sheet-bindings'
import { el } from './sheet-dom'

/** The line above all: what is about to happen, where, and whether it is real money. */
export function head(sheet: Sheet): Node[] {
  const titles = {
    decide: `You are asked to decide on ${article(sheet.kind)} ${sheet.kind}`,
    release: 'You are about to open a seat to sign',
    freeze: `Freeze ${sheet.summary}`,
  }
  const money = sheet.class === 'mainnet' ? 'real money' : 'test coins'
  return [
    el('h1', '', titles[sheet.mode]),
    el('p', 'where', `${sheet.treasury}, `, el('strong', sheet.class, money)),
  ]
}

const article = (kind: string) => (/^[aeiou]/.test(kind) ? 'an' : 'a')

/** Everything to be read, from the top to the end. */
export function content(sheet: Sheet): Node[] {
  if (sheet.mode === 'freeze') return freeze(sheet)
  return [
    ...warnings(sheet),
    ...(sheet.mode === 'release' ? bytes(sheet) : payments(sheet)),
    ...changes(sheet.changes),
    facts(sheet),
    ...policy(sheet),
    ...fingerprint(sheet.words),
  ]
}

function freeze(sheet: Sheet): Node[] {
  return [
    ...sheet.frozen.map((line) => note('stop', 'Frozen', line.replace(/^FROZEN\s+/, ''))),
    el('p', 'large', 'One touch stops it. No PIN is needed.'),
    el(
      'ul',
      'plain',
      el('li', '', 'No new payment is signed or sent.'),
      el('li', '', 'What was sent already can still end up in a block.'),
      el('li', '', 'Only the governance quorum can lift it, by a thaw.'),
    ),
  ]
}

function warnings(sheet: Sheet): Node[] {
  return [
    ...(sheet.obstacle === null ? [] : [note('stop', 'Not now', sheet.obstacle)]),
    ...sheet.frozen.map((line) => note('stop', 'Frozen', line.replace(/^FROZEN\s+/, ''))),
    ...sheet.refused.map((line) => note('stop', 'Refused by the policy', line)),
    ...(sheet.unusual.length === 0 ? [] : [unusual(sheet.unusual)]),
  ]
}

function note(kind: string, title: string, text: string): HTMLElement {
  return el('section', `note ${kind}`, el('h2', '', title), el('p', '', text))
}

function unusual(lines: string[]): HTMLElement {
  const list = el('ul', '', ...lines.map((line) => el('li', '', line)))
  return el('section', 'note unusual', el('h2', '', 'Unusual'), list)
}

function payments(sheet: Sheet): Node[] {
  if (sheet.payments.length === 0) return []
  const many = sheet.payments.length > 1
  const title = many ? `Pays, in ${sheet.payments.length} payments` : 'Pays'
  return [
    el(
      'section',
      'payments',
      el('h2', '', title),
      ...(many ? [el('p', 'large amount', sheet.totals.join(' and '), ' in all')] : []),
      list(sheet.payments),
    ),
  ]
}

function bytes(sheet: Sheet): Node[] {
  return [
    el('p', 'hint', 'Read from the exact bytes that are about to be signed, not from the proposal:'),
    ...sheet.transactions.map((transaction) =>
      el(
        'section',
        'payments',
        el('h2', '', 'Pays'),
        list(transaction.pays),
        el('p', 'hint', transaction.title),
        el('p', 'hint mono', transaction.id),
      ),
    ),
  ]
}

function list(payments: SheetPayment[]): HTMLElement {
  return el('ol', payments.length > 1 ? 'numbered' : 'plain', ...payments.map(payment))
}

function payment(one: SheetPayment): HTMLElement {
  return el(
    'li',
    '',
    el('p', 'large amount', el('strong', '', one.amount), ` ${one.asset}`),
    el('p', 'to', 'to ', el('strong', '', one.payee ?? 'an address without a name')),
    ...(one.notes.length === 0 ? [] : [el('p', 'flag', one.notes.join(', '))]),
    address(one.groups),
    ...(one.memo === '' ? [] : [el('p', 'hint', one.memo)]),
  )
}

/**
 * A whole address in groups of four; two at each end stand out, since the first holds little but the
 * network's own prefix, and none is left out.
 */
function address(groups: string[]): HTMLElement {
  const group = (text: string, place: number) =>
    el('span', place < 2 || place >= groups.length - 2 ? 'end' : '', text, ' ')
  return el('p', 'address mono', ...groups.map(group))
}

function changes(fields: Field[]): Node[] {
  if (fields.length === 0) return []
  return [el('section', 'changes', el('h2', '', 'What it changes'), table(fields))]
}

function table(fields: Field[]): HTMLElement {
  const rows = fields.flatMap((field) => [el('dt', '', field.label), el('dd', '', field.value)])
  return el('dl', '', ...rows)
}

function facts(sheet: Sheet): HTMLElement {
  const rows: [string, string | null][] = [
    ['From', sheet.from],
    ['Fee', sheet.fee],
    ['Memo', sheet.memo === '' ? null : sheet.memo],
    ['Proposed', sheet.proposed],
    ['Open until', sheet.expires],
  ]
  const fields = rows.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]))
  return el('section', 'facts', table(fields))
}

function policy(sheet: Sheet): Node[] {
  const approved = sheet.approved.length === 0 ? 'nobody yet' : sheet.approved.join(', ')
  const rows: Field[] = [
    ...(sheet.demands === null ? [] : [{ label: 'The policy asks', value: sheet.demands }]),
    { label: 'Approved by', value: approved },
    ...(sheet.waits === null ? [] : [{ label: 'Waits for', value: sheet.waits }]),
    ...(sheet.limits.length === 0 ? [] : [{ label: 'Limits', value: sheet.limits.join('\n') }]),
  ]
  return [el('section', 'facts', table(rows))]
}

/** The same words on every officer's screen and on the receipt. */
function fingerprint(words: string[]): Node[] {
  const rows = [0, 4, 8].map((from) => el('p', 'mono', words.slice(from, from + 4).join(' ')))
  return [
    el(
      'section',
      'words',
      el('h2', '', 'Fingerprint'),
      ...rows,
      el('p', 'hint', 'The same words stand on every screen and on the receipt. Compare them aloud.'),
    ),
  ]
}
