import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'

import * as f from '../testing/fixture'
import { scene } from '../testing/mock'
import { open } from '../testing/open'

const called = (command: string) => scene.called.filter((one) => one.command === command).map((one) => one.args)

it('walks rows with j and k and opens one with Enter', async () => {
  const user = userEvent.setup()
  await open('#/')
  await user.keyboard('jjk')
  const row = document.activeElement as HTMLAnchorElement
  expect(row.textContent).toContain('Foundry Ltd and City Power')
  expect(row.getAttribute('href')).toBe(`#/proposals/${f.open[0]!.id}`)
})

it('starts a payout with n', async () => {
  const user = userEvent.setup()
  await open('#/payouts')
  await user.keyboard('n')
  await screen.findByRole('heading', { name: 'New payout' })
})

it('filters with / and does not take letters typed into a field for keys', async () => {
  const user = userEvent.setup()
  await open('#/payouts')
  await user.keyboard('/')
  await user.keyboard('nj?')
  expect(screen.getByRole('textbox')).toHaveProperty('value', 'nj?')
  expect(window.location.hash).toBe('#/payouts')
  expect(screen.queryByRole('dialog')).toBeNull()
})

it('opens the freeze sheet with F8 from anywhere, even from a field', async () => {
  const user = userEvent.setup()
  await open('#/payees')
  await user.keyboard('/{F8}')
  await waitFor(() => expect(called('open_freeze_sheet')).toEqual([{ target: { what: 'treasury' } }]))
})

it('finds and goes with Ctrl+K', async () => {
  const user = userEvent.setup()
  await open('#/')
  await user.keyboard('{Control>}k{/Control}')
  await user.keyboard('Journ{Enter}')
  await waitFor(() => expect(window.location.hash).toBe('#/journal'))
})

it('tells all keys with ?', async () => {
  const user = userEvent.setup()
  await open('#/')
  await user.keyboard('?')
  expect((await screen.findByRole('dialog')).textContent).toContain('Freeze the whole treasury')
})
