// Dates, counts and durations in the language of the window.
import { useTranslation } from 'react-i18next'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function useLocale(): string {
  return useTranslation().i18n.resolvedLanguage ?? 'en'
}

/** English dates are written the way that no reader takes for another day. */
function dateLocale(locale: string): string {
  return locale === 'en' ? 'en-GB' : locale
}

export function exact(time: string, locale: string): string {
  return new Intl.DateTimeFormat(dateLocale(locale), {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(time))
}

export function utc(time: string): string {
  return `${new Date(time).toISOString().replace('T', ' ').slice(0, 19)} UTC`
}

export function dayAndTime(time: string, locale: string, now = Date.now()): string {
  const date = new Date(time)
  const sameDay = new Date(now).toDateString() === date.toDateString()
  const sameYear = new Date(now).getFullYear() === date.getFullYear()
  return new Intl.DateTimeFormat(dateLocale(locale), {
    ...(sameDay ? {} : { day: 'numeric', month: 'short' }),
    ...(sameYear ? {} : { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
  }).format(date)
}

export function day(time: string, locale: string): string {
  return new Intl.DateTimeFormat(dateLocale(locale), { day: 'numeric', month: 'short', year: 'numeric' }).format(
    new Date(time),
  )
}

/** `3 minutes ago`, `in 2 hours`; further away than a month, the day. */
export function relative(time: string, locale: string, now = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000)
  const away = Math.abs(seconds)
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  if (away < 45) return format.format(0, 'second')
  if (away < HOUR) return format.format(Math.round(seconds / MINUTE), 'minute')
  if (away < DAY) return format.format(Math.round(seconds / HOUR), 'hour')
  if (away < 31 * DAY) return format.format(Math.round(seconds / DAY), 'day')
  return day(time, locale)
}

export function count(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value)
}

export function percent(share: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

export function list(items: string[], locale: string, type: 'conjunction' | 'disjunction' = 'conjunction'): string {
  return new Intl.ListFormat(locale, { style: 'long', type }).format(items)
}

/** The shell's own words as a sentence of a page: begun with a capital, names in quotation marks. */
export function sentence(words: string): string {
  const text = words.replace(/; nothing was (proposed|done)\.?$/, '').replace(/`([^`]*)`/g, '“$1”')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** First digits, by which people and the terminal name things. */
export function short(id: string): string {
  return id.slice(0, 8)
}
