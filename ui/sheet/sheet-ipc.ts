// How the sheet speaks to Countersign: by Tauri's own bridge, without any package.

import type { Done, Problem, Sheet } from './sheet-bindings'

type Bridge = {
  invoke<T>(command: string, args?: Record<string, unknown>): Promise<T>
  transformCallback(callback: (event: unknown) => void): number
}

const bridge = (window as unknown as { __TAURI_INTERNALS__: Bridge }).__TAURI_INTERNALS__

export const readSheet = () => bridge.invoke<Sheet>('sheet')
export const approve = (id: string, under: string, officer: string) =>
  bridge.invoke<Done>('approve', { id, under, officer })
export const decline = (id: string, officer: string, reason: string) =>
  bridge.invoke<Done>('decline', { id, officer, reason })
export const release = (id: string, under: string, seat: string, officers: string[]) =>
  bridge.invoke<Done>('release', { id, under, seat, officers })
export const freeze = (officer: string, reason: string) => bridge.invoke<Done>('freeze', { officer, reason })
export const closeSheet = () => bridge.invoke<null>('close_sheet')

/** Calls back when the sheet has something else to show. */
export function onChanged(callback: () => void): void {
  const handler = bridge.transformCallback(callback)
  void bridge.invoke('plugin:event|listen', { event: 'sheet-changed', target: { kind: 'Any' }, handler })
}

/** What went wrong, whatever was thrown. */
export function problem(thrown: unknown): Problem {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'code' in thrown) {
    return thrown as Problem
  }
  return { code: 'fault', message: `Something went wrong: ${String(thrown)}`, remedy: null, field: null }
}
