import { expect, it } from 'vitest'

import { de } from './de'
import { en } from './en'

type Texts = { [key: string]: string | Texts }

function flat(texts: Texts, before = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') found.set(before + key, value)
    else for (const [inner, text] of flat(value, `${before}${key}.`)) found.set(inner, text)
  }
  return found
}

const slots = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort()

it('says everything in both languages, with the same values in it', () => {
  const english = flat(en as unknown as Texts)
  const german = flat(de as unknown as Texts)
  expect([...german.keys()]).toEqual([...english.keys()])
  for (const [key, text] of english) {
    const other = german.get(key) ?? ''
    expect(slots(other), key).toEqual(slots(text))
    expect(other === '', key).toBe(text === '')
  }
})

it('never calls a payout a transaction', () => {
  const allowed = /^(proposal\.(txid|plan)|way\.|journal\.names\.(planned|planned_evm)|newPayout\.feeHint)/
  for (const [key, text] of flat(en as unknown as Texts)) {
    if (/transaction/i.test(text)) expect(key).toMatch(allowed)
  }
})
