import { describe, expect, it } from 'vitest'

import { moneyText, readAmount, splitMoney, units } from './money'

const btc = (value: string) => ({ value, asset: 'BTC', places: 8 })
const eth = (value: string) => ({ value, asset: 'ETH', places: 18 })

describe('an amount as text', () => {
  it('shows every place of bitcoin, and of others what is not zero', () => {
    expect(moneyText(btc('0.5'), 'en')).toBe('0.50000000\u00a0BTC')
    expect(moneyText(eth('3.204419000000000000'), 'en')).toBe('3.204419\u00a0ETH')
    expect(moneyText({ value: '2000', asset: 'USDC', places: 6 }, 'en')).toBe('2,000.00\u00a0USDC')
    expect(moneyText({ value: '7', asset: 'POINT', places: 0 }, 'en')).toBe('7\u00a0POINT')
  })

  it('never rounds', () => {
    expect(splitMoney(eth('1.123456789123456789'), 'en').rest).toBe('.123456789123456789')
    expect(units(eth('123456789012345678901234.000000000000000001'))).toBe(123456789012345678901234000000000000000001n)
  })

  it('is grouped as the language does', () => {
    expect(moneyText(btc('1234567.89'), 'en')).toBe('1,234,567.89000000\u00a0BTC')
    expect(moneyText(btc('1234567.89'), 'de')).toBe('1.234.567,89000000\u00a0BTC')
  })
})

describe('an amount as typed', () => {
  const value = (text: string, locale = 'en') => {
    const typed = readAmount(text, locale)
    return typed.is === 'amount' ? typed.value : typed.is
  }

  it('is read with either mark', () => {
    expect(value('0.5')).toBe('0.5')
    expect(value('0,5')).toBe('0.5')
    expect(value('0,5', 'de')).toBe('0.5')
    expect(value('0.5', 'de')).toBe('0.5')
    expect(value(' 1 234.5 ')).toBe('1234.5')
    expect(value('1,234.56')).toBe('1234.56')
    expect(value('1.234,56', 'de')).toBe('1234.56')
    expect(value('1.234,56')).toBe('1234.56')
    expect(value("1'234.56")).toBe('1234.56')
    expect(value('1,234,567')).toBe('1234567')
    expect(value('007.5')).toBe('7.5')
    expect(value('0.500', 'de')).toBe('0.500')
  })

  it('is refused where it could be two amounts', () => {
    expect(readAmount('1,234', 'en')).toEqual({ is: 'ambiguous', one: '1234', other: '1.2340' })
    expect(readAmount('1.234', 'de')).toEqual({ is: 'ambiguous', one: '1234', other: '1,2340' })
    expect(value('1.234', 'en')).toBe('1.234')
    expect(value('1,234', 'de')).toBe('1.234')
  })

  it('is refused where it is none', () => {
    for (const text of ['abc', '-1', '1e5', '1,23,456', '1.2.3', '0x10', '1,234.567.8', ',', '1,234,56']) expect(value(text)).toBe('unreadable')
    expect(value('  ')).toBe('empty')
  })
})
