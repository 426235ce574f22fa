import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'

import type { Query } from '../../data/types'
import { emit, scene } from '../../testing/mock'
import { open } from '../../testing/open'

const queries = () => scene.called.filter((one) => one.command === 'proposals').map((one) => one.args['query'] as Query)

it('holds few of a hundred thousand rows, and says how many there are', async () => {
  await open('#/payouts')
  const table = screen.getByRole('table')
  expect(table.getAttribute('aria-rowcount')).toBe('100001')
  expect(table.querySelectorAll('[role=row]').length).toBeLessThan(60)
})

it('leaves sorting and filtering to the shell', async () => {
  const user = userEvent.setup()
  await open('#/payouts')
  await user.click(screen.getByRole('button', { name: 'Amount' }))
  await waitFor(() => expect(queries().at(-1)).toMatchObject({ sort: 'amount', descending: true }))
  await user.selectOptions(screen.getByLabelText('Status'), 'declined')
  await waitFor(() => expect(queries().at(-1)).toMatchObject({ statuses: ['declined'] }))
})

it('asks again when the shell says that proposals changed', async () => {
  await open('#/payouts')
  const before = queries().length
  emit('changed', { tables: ['proposals'] })
  await waitFor(() => expect(queries().length).toBeGreaterThan(before))
})
