import { cleanup } from '@testing-library/react'
import { afterEach, beforeEach } from 'vitest'

import { startLanguage } from '../i18n'
import { mockShell } from './mock'

// What the test's page has not: layout, and with it things that ask for it.
class NoResize {
  observe() {}
  unobserve() {}
  disconnect() {}
}
globalThis.ResizeObserver ??= NoResize as unknown as typeof ResizeObserver
Element.prototype.scrollIntoView ??= () => {}
Element.prototype.hasPointerCapture ??= () => false

startLanguage()

beforeEach(() => {
  localStorage.clear()
  window.location.hash = ''
  mockShell()
})

afterEach(cleanup)
