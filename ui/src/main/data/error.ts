import type { Code, Problem } from '../../ipc/bindings'

/** What the shell refused, or could not do: whole sentences for the person, a code to quote and to tell apart. */
export class ShellError extends Error {
  readonly code: Code | 'unexpected'
  readonly remedy: string | null
  readonly field: string | null

  constructor({ code, message, remedy, field }: Omit<Problem, 'code'> & { code: Code | 'unexpected' }) {
    super(message)
    this.name = 'ShellError'
    this.code = code
    this.remedy = remedy
    this.field = field
  }
}

export function asShellError(error: unknown): ShellError {
  if (error instanceof ShellError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ShellError({ code: 'unexpected', message, remedy: null, field: null })
}

/** A person closed the window that was to decide: no error worth a word. */
export function isCancelled(error: unknown): boolean {
  return error instanceof ShellError && error.code === 'cancelled'
}
