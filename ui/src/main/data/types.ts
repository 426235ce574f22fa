// What the shell gives and takes, by the generated bindings, with the few names that the pages use for parts of them.
export type * from '../../ipc/bindings'

import type { CanDo, StatusWord, Table } from '../../ipc/bindings'

export type Status = StatusWord
export type Ask = CanDo
export type Changed = Table

/** Kinds of proposals, as the shell names them. */
export type Kind = 'payout' | 'batch' | 'sweep' | 'cancel' | 'policy' | 'officer' | 'payee' | 'thaw' | 'vault' | 'machine' | 'asset'
