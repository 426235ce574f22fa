// Amounts as text. They are integers of base units in the shell; here they stay decimal text and are
// grouped and compared without ever becoming a number.
import type { Money } from '../data/types'

export interface Split {
  /** Digits before the point, grouped, with the sign. */
  whole: string
  /** The point and what follows; empty where there is nothing. */
  rest: string
}

interface Marks {
  group: string
  point: string
}

const marksOf = new Map<string, Marks>()

export function marks(locale: string): Marks {
  const known = marksOf.get(locale)
  if (known) return known
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(1234567.8)
  const find = (type: string, otherwise: string) => parts.find((part) => part.type === type)?.value ?? otherwise
  const found = { group: find('group', ','), point: find('decimal', '.') }
  marksOf.set(locale, found)
  return found
}

/** As many places as the asset has, where people expect all of them; else at least two. Never rounded. */
function shownFraction(fraction: string, money: Pick<Money, 'asset' | 'places'>): string {
  if (money.asset === 'BTC') return fraction.padEnd(money.places, '0')
  const kept = fraction.replace(/0+$/, '')
  return kept.padEnd(Math.min(2, money.places), '0')
}

export function splitMoney(money: Money, locale: string): Split {
  const { group, point } = marks(locale)
  const minus = money.value.startsWith('-')
  const [digits = '0', fraction = ''] = money.value.replace('-', '').split('.')
  const grouped = digits.replace(/\B(?=(\d{3})+(?!\d))/g, group)
  const shown = shownFraction(fraction, money)
  return { whole: (minus ? '\u2212' : '') + grouped, rest: shown ? point + shown : '' }
}

export function moneyText(money: Money, locale: string): string {
  const { whole, rest } = splitMoney(money, locale)
  return `${whole}${rest}\u00a0${money.asset}`
}

/** Base units, for comparing and drawing only. */
export function units(money: Pick<Money, 'value' | 'places'>): bigint {
  const [digits = '0', fraction = ''] = money.value.split('.')
  return BigInt(digits + fraction.slice(0, money.places).padEnd(money.places, '0'))
}

export type Typed =
  | { is: 'amount'; value: string }
  | { is: 'empty' }
  | { is: 'unreadable' }
  | { is: 'ambiguous'; one: string; other: string }

/**
 * An amount as a person types or pastes it, with either mark. What can be read in two ways is refused: a
 * guess could be a thousand times too much.
 */
export function readAmount(text: string, locale: string): Typed {
  const bare = text.trim().replace(/[\s\u00a0\u202f'’_]/g, '')
  if (bare === '') return { is: 'empty' }
  if (!/^[\d.,]+$/.test(bare) || !/\d/.test(bare)) return { is: 'unreadable' }
  const dots = bare.split('.').length - 1
  const commas = bare.split(',').length - 1
  if (dots > 0 && commas > 0) {
    const decimal = bare.lastIndexOf('.') > bare.lastIndexOf(',') ? '.' : ','
    return grouped(bare, decimal === '.' ? ',' : '.', decimal)
  }
  const mark = dots > 0 ? '.' : ','
  const count = dots + commas
  if (count === 0) return plain(bare, '')
  if (count > 1) return grouped(bare, mark, mark === '.' ? ',' : '.')
  const [before = '', after = ''] = bare.split(mark)
  const couldBeGroup = after.length === 3 && /^[1-9]\d{0,2}$/.test(before)
  if (couldBeGroup && marks(locale).point !== mark) {
    const { point } = marks(locale)
    return { is: 'ambiguous', one: before + after, other: `${before}${point}${after}0` }
  }
  return plain(before, after)
}

function grouped(bare: string, group: string, decimal: string): Typed {
  const [whole = '', fraction = '', ...more] = bare.split(decimal)
  const groups = whole.split(group)
  const [first = '', ...rest] = groups
  const fine = more.length === 0 && !fraction.includes(group) && /^\d{1,3}$/.test(first) && rest.every((g) => /^\d{3}$/.test(g))
  return fine ? plain(groups.join(''), fraction) : { is: 'unreadable' }
}

function plain(whole: string, fraction: string): Typed {
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return { is: 'amount', value: fraction ? `${digits}.${fraction}` : digits }
}
