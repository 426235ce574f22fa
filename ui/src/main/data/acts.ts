// What a person starts here and ends in another window.
import { useMutation } from '@tanstack/react-query'

import { go } from '../frame/router'
import { sentence } from '../parts/format'
import { say } from '../parts/toast'
import { api } from './api'
import { asShellError, isCancelled, ShellError } from './error'
import { useProposer } from './me'
import i18next from 'i18next'
import type { SheetPurpose } from './types'

/** Tells what went wrong, unless a person only closed the window that asked. */
export function tell(error: unknown) {
  if (isCancelled(error)) return
  const { message, remedy } = asShellError(error)
  say(sentence(remedy ? `${message} ${remedy}` : message), 'stop')
}

/** Opens the approval sheet, which alone can approve, decline and release. */
export function useSheet() {
  return useMutation({
    mutationFn: ({ id, purpose }: { id: string; purpose: SheetPurpose }) => api.openSheet(id, purpose),
    onError: tell,
  })
}

/** Proposes something as the officer whose key is here, and shows the proposal when it was signed. */
export function usePropose<Input>(propose: (input: Input, officer: string) => Promise<string>) {
  const officer = useProposer()
  return useMutation({
    mutationFn: (input: Input) => {
      if (officer !== null) return propose(input, officer)
      throw new ShellError({ code: 'key_away', message: i18next.t('proposer.none'), remedy: null, field: null })
    },
    onSuccess: (id) => go({ page: 'proposal', id }),
  })
}
