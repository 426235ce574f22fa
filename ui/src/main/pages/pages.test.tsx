import axe from 'axe-core'
import { describe, expect, it } from 'vitest'

import * as f from '../testing/fixture'
import { mockShell } from '../testing/mock'
import { open } from '../testing/open'

const PAGES = {
  overview: '#/',
  payouts: '#/payouts',
  'a payout': `#/proposals/${f.open[0]!.id}`,
  'a sent payout': `#/proposals/${f.open[4]!.id}`,
  'a batch': `#/proposals/${f.open[6]!.id}`,
  'a change': `#/proposals/${f.open[3]!.id}`,
  'new payout': '#/payouts/new',
  'new batch': '#/payouts/table',
  payees: '#/payees',
  vaults: '#/vaults',
  'a vault': '#/vaults/of/Operations',
  'an EVM vault': '#/vaults/of/Ether%20desk',
  'a vault being made': '#/vaults/of/Reserve',
  'new vault': '#/vaults/new',
  policy: '#/policy',
  officers: '#/officers',
  enrol: '#/officers/enrol',
  journal: '#/journal',
  settings: '#/settings',
}

// Contrast needs layout, which is not here: the run in the real window judges it.
const RULES = { rules: { 'color-contrast': { enabled: false } }, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }

async function violations() {
  const { violations: found } = await axe.run(document.body, { ...RULES, resultTypes: ['violations'] })
  return found.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
}

describe.each(Object.entries(PAGES))('%s', (_, hash) => {
  it.each(['light', 'dark'] as const)('can be used by everybody, %s', async (theme) => {
    await open(hash, { theme, language: theme === 'dark' ? 'de' : 'en' })
    expect(document.documentElement.dataset['theme']).toBe(theme)
    expect(await violations()).toEqual([])
  })
})

describe('what is not every day', () => {
  it.each(['#/', '#/payouts', '#/payees', '#/vaults', '#/payouts/new'])('an empty treasury teaches the next step, %s', async (hash) => {
    mockShell({ empty: true, keys: [] })
    await open(hash)
    expect(await violations()).toEqual([])
  })

  it('a frozen treasury says so above everything', async () => {
    mockShell({ frozen: [f.freeze] })
    const { getByRole } = await open('#/')
    expect(getByRole('alert').textContent).toContain('FROZEN the whole treasury, by Carol')
    expect(await violations()).toEqual([])
  })

  it('a journal that does not verify says which entry', async () => {
    mockShell({ broken: true })
    const { getByText } = await open('#/journal')
    getByText(/entry 811/)
    expect(await violations()).toEqual([])
  })

  it('a first start leads to founding or joining', async () => {
    mockShell({ start: { state: 'fresh', home: '/home/alice/countersign' } })
    const { getByText } = await open('#/')
    getByText('Found a treasury')
    getByText('Take up a treasury from its backup')
    expect(await violations()).toEqual([])
  })
})
