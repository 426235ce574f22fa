import clsx from 'clsx'

import type { Money } from '../data/types'
import { useLocale } from './format'
import { splitMoney } from './money'

/** An amount that lines up on its point with those above and below it. */
export function Amount({ of, className, strong }: { of: Money; className?: string; strong?: boolean }) {
  const { whole, rest } = splitMoney(of, useLocale())
  return (
    <span className={clsx('amount', strong && 'amount-strong', className)}>
      <span className="amount-whole">{whole}</span>
      <span className="amount-tail">
        {rest}
        <span className="amount-unit"> {of.asset}</span>
      </span>
    </span>
  )
}

/** An amount within a sentence. */
export function InlineAmount({ of }: { of: Money }) {
  const { whole, rest } = splitMoney(of, useLocale())
  return (
    <span className="whitespace-nowrap">
      {whole}
      {rest}&nbsp;{of.asset}
    </span>
  )
}
