import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { expect, it } from 'vitest'

import type { FoundingDraft } from '../../data/types'
import * as f from '../../testing/fixture'
import { answers, mockShell, scene } from '../../testing/mock'
import { open } from '../../testing/open'

it('leads from nothing to a signed founding, a step a screen', async () => {
  mockShell({ start: { state: 'fresh', home: '/home/alice/countersign' } })
  const before = answers['founding_choices']!
  answers['founding_choices'] = () => ({ ...f.foundingChoices, enrolments: ['Alice', 'Bob', 'Carol'].map((name, at) => ({ name, serial: 17204331 + at, firmware: '5.7.4', waiver: null })) })
  answers['found'] = () => null
  const user = userEvent.setup()
  await open('#/')
  await user.click(screen.getByTestId('start-found'))
  await user.type(await screen.findByLabelText('Name of the treasury'), 'Acme')
  await user.click(screen.getByRole('checkbox', { name: /Bitcoin regtest/ }))
  expect(screen.getByRole('checkbox', { name: /^Bitcoin \(bitcoin\)/ })).toHaveProperty('disabled', true)
  await user.type(screen.getByLabelText('EVM chains, by number'), '31337')
  await user.type(screen.getByLabelText('Name of this machine'), 'desk')
  await user.type(screen.getByLabelText('Its administrators'), 'Erin, Frank')
  await user.click(screen.getByTestId('next'))
  for (const name of ['Alice', 'Bob', 'Carol']) await user.click(screen.getByRole('checkbox', { name }))
  await user.click(screen.getByTestId('next'))
  await user.click(screen.getByRole('radio', { name: /Two of three/ }))
  await screen.findByText('It would mean')
  await screen.findByText(/people who are not among the founders: Dora, Erin/)
  await waitFor(() => expect(screen.getByTestId('next')).toHaveProperty('disabled', false))
  await user.click(screen.getByTestId('next'))
  await user.click(screen.getByTestId('found'))
  await waitFor(() => expect(scene.called.some((one) => one.command === 'found')).toBe(true))
  const { draft } = scene.called.find((one) => one.command === 'found')!.args as unknown as { draft: FoundingDraft }
  expect(draft).toMatchObject({ name: 'Acme', networks: ['regtest', 'eip155:31337'], officers: ['Alice', 'Bob', 'Carol'], machine: 'desk', administrators: ['Erin', 'Frank'], waiver: null })
  const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } }, runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa'] })
  expect(violations.map((one) => one.id)).toEqual([])
  answers['founding_choices'] = before
  delete answers['found']
})
