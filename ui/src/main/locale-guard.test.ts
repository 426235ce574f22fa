import { expect, it } from 'vitest'

it('replaces a language that is none, as under LANG=C', async () => {
  Object.defineProperty(navigator, 'language', { value: 'C', configurable: true })
  await import('./locale-guard')
  expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow()
})
