// Light or dark: as the system has it, until a person says otherwise.
import { useSyncExternalStore } from 'react'

export type Theme = 'light' | 'dark'
export type ThemeChoice = Theme | 'system'

const STORED = 'countersign.theme'
const listeners = new Set<() => void>()
const system = window.matchMedia('(prefers-color-scheme: dark)')

export function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(STORED)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

function current(): Theme {
  const choice = themeChoice()
  if (choice !== 'system') return choice
  return system.matches ? 'dark' : 'light'
}

function paint() {
  document.documentElement.dataset['theme'] = current()
  for (const listener of listeners) listener()
}

export function setTheme(choice: ThemeChoice) {
  if (choice === 'system') localStorage.removeItem(STORED)
  else localStorage.setItem(STORED, choice)
  paint()
}

export function startTheme() {
  system.addEventListener('change', paint)
  paint()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current)
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice)
}
