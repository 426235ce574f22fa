// The approval sheet. It shows what Countersign read from the journal, and hands an officer's decision
// back. It knows nothing else: what is approved is named by the id that was read here.

import type { Done, Sheet, SheetOfficer, SheetSeat } from './sheet-bindings'
import { content, head } from './sheet-content'
import { button, byId, el } from './sheet-dom'
import { approve, closeSheet, decline, freeze, onChanged, problem, readSheet, release } from './sheet-ipc'

/** A sheet that just opened can't be approved by a key that was pressed for something else. */
const CALM = 900
/** Keys that are plugged in meanwhile are looked for this often. */
const LOOK = 2000

type State = {
  sheet: Sheet
  /** All of it was on the screen. */
  seen: boolean
  /** It has been there long enough. */
  calm: boolean
  officer: string | null
  seat: string | null
  openers: string[]
  declining: boolean
  /** What is waited for. */
  busy: string | null
  trouble: string | null
  done: Done | null
}

let state: State | null = null

const area = byId('content')

/** What is to be read, without what changes by itself while it is read. */
const read = (sheet: Sheet) => JSON.stringify({ ...sheet, officers: [], seats: [], seats_missing: 0, waits: null })

async function load(): Promise<void> {
  const before = state
  const acting = () => before?.busy != null || before?.done != null
  if (acting()) return
  try {
    const sheet = await readSheet()
    // What was asked before an act is old news after it, and must not take the place of what came of it.
    if (state !== before || acting()) return
    if (state === null || read(state.sheet) !== read(sheet)) show(sheet)
    else {
      state.sheet = sheet
      foot()
    }
  } catch (thrown) {
    if (state === null) broken(problem(thrown).message)
  }
}

function show(sheet: Sheet): void {
  const calm = setTimeout(() => {
    if (state !== null && state.sheet === shown) state.calm = true
    foot()
  }, CALM)
  const shown = sheet
  if (state !== null && state.sheet === sheet) clearTimeout(calm)
  state = {
    sheet,
    seen: false,
    calm: false,
    officer: first(sheet),
    seat: sheet.seats.find((seat) => !seat.open)?.name ?? null,
    openers: [],
    declining: false,
    busy: null,
    trouble: null,
    done: null,
  }
  document.body.dataset['mode'] = sheet.mode
  byId('head').replaceChildren(...head(sheet))
  const end = el('div', 'end-of-sheet')
  area.replaceChildren(...content(sheet), end)
  area.scrollTop = 0
  watchEnd(end)
  foot()
}

/** The officer who is alone with a key here and may act; else the person chooses. */
function first(sheet: Sheet): string | null {
  const here = sheet.officers.filter((officer) => officer.plugged && officer.may)
  return here.length === 1 ? (here[0]?.name ?? null) : null
}

/** Notes that the end was on the screen, and with it, since one scrolls there, the rest. */
function watchEnd(end: HTMLElement): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting) || state === null) return
      state.seen = true
      observer.disconnect()
      foot()
    },
    { root: area },
  )
  observer.observe(end)
}

function broken(message: string): void {
  area.replaceChildren(el('p', 'large', message))
  byId('foot').replaceChildren(button('close', 'quiet', 'Close', () => void closeSheet()))
}

function foot(): void {
  if (state === null) return
  const now = state
  const parts: Node[] = []
  if (now.trouble !== null) parts.push(el('p', 'trouble', now.trouble))
  if (now.done !== null) parts.push(...done(now.done))
  else if (now.busy !== null) parts.push(el('p', 'busy', now.busy))
  else parts.push(...act(now))
  const focused = document.activeElement?.id ?? ''
  byId('foot').replaceChildren(...parts)
  if (focused !== '') document.getElementById(focused)?.focus()
}

function done(what: Done): Node[] {
  const next = what.over
    ? button('close', 'primary', 'Close', () => void closeSheet())
    : button('go-on', 'primary', 'Go on', () => {
        state = null
        void load()
      })
  return [
    el('p', 'done', el('strong', '', what.words)),
    ...(what.next === null ? [] : [el('p', 'hint', what.next)]),
    el('div', 'buttons', next),
  ]
}

function act(now: State): Node[] {
  const { sheet } = now
  if (sheet.mode === 'freeze') return freezing(now)
  if (sheet.obstacle !== null) return [closing()]
  if (sheet.mode === 'release') return releasing(now)
  return deciding(now)
}

const closing = () => el('div', 'buttons', button('close', 'quiet', 'Close', () => void closeSheet()))

function deciding(now: State): Node[] {
  const { sheet } = now
  const who = chosen(now)
  if (now.declining) return declining(now, who)
  const yes = button('approve', 'primary', 'Approve with PIN and touch', () => {
    if (who === null) return
    const busy = `Type ${who.name}'s PIN in the other window, then touch YubiKey ${who.serial}.`
    run(busy, () => approve(sheet.id, sheet.under, who.name))
  })
  yes.disabled = !now.seen || !now.calm || who === null || !who.may || !who.plugged || sheet.refused.length > 0
  const no = button('decline', 'danger', 'Decline…', () => {
    now.declining = true
    foot()
  })
  return [picker(now), hint(now, who), el('div', 'buttons', no, yes)]
}

function declining(now: State, who: SheetOfficer | null): Node[] {
  const reason = el('input', '')
  reason.id = 'reason'
  reason.maxLength = 200
  reason.placeholder = 'Why, for everybody to read'
  reason.setAttribute('aria-label', 'Why it is declined')
  const no = button('decline-for-good', 'danger', 'Decline for good, with PIN and touch', () => {
    if (who === null) return
    const busy = `Type ${who.name}'s PIN in the other window, then touch YubiKey ${who.serial}.`
    run(busy, () => decline(now.sheet.id, who.name, reason.value))
  })
  no.disabled = who === null || !who.plugged
  const back = button('back', 'quiet', 'Back', () => {
    now.declining = false
    foot()
  })
  return [picker(now), el('p', 'hint', 'One decline ends the proposal.'), reason, el('div', 'buttons', back, no)]
}

function releasing(now: State): Node[] {
  const { sheet } = now
  const closed = sheet.seats.filter((seat) => !seat.open)
  const seat = closed.find((one) => one.name === now.seat) ?? null
  const ready = seat !== null && now.openers.length === seat.takes
  const open = button('release', 'primary', seat === null ? 'Open the seat' : `Open ${seat.name} with PIN and touch`, () => {
    if (seat === null) return
    const busy = `${now.openers.join(', then ')}: PIN in the other window, then a touch.`
    run(busy, () => release(sheet.id, sheet.under, seat.name, now.openers))
  })
  open.disabled = !now.seen || !now.calm || !ready
  const missing = `${sheet.seats_missing} more to be opened before it is signed.`
  return [
    el('p', 'hint', sheet.seats_missing > 0 ? missing : 'Enough seats are open: it is being signed.'),
    ...closed.map((one) => seatRow(now, one)),
    hint(now, null),
    el('div', 'buttons', button('close', 'quiet', 'Close', () => void closeSheet()), open),
  ]
}

/** A seat, and who of its officers opens it. */
function seatRow(now: State, seat: SheetSeat): HTMLElement {
  const names = seat.officers.map((name) => {
    const box = el('input', '')
    const officer = now.sheet.officers.find((one) => one.name === name)
    box.type = 'checkbox'
    box.id = `open-${seat.name}-${name}`
    box.checked = now.seat === seat.name && now.openers.includes(name)
    box.disabled = officer?.plugged !== true
    box.addEventListener('change', () => choose(now, seat, name, box.checked))
    const away = box.disabled ? ' (key not plugged in)' : ''
    return el('label', box.disabled ? 'away' : '', box, ` ${name}${away}`)
  })
  const takes = seat.takes === 1 ? 'one of' : `${seat.takes} of`
  return el('fieldset', '', el('legend', '', `${seat.name}, ${takes}`), ...names)
}

function choose(now: State, seat: SheetSeat, name: string, on: boolean): void {
  const before = now.seat === seat.name ? now.openers.filter((one) => one !== name) : []
  now.seat = seat.name
  now.openers = on ? [...before, name].slice(-seat.takes) : before
  foot()
}

function freezing(now: State): Node[] {
  const who = chosen(now)
  const reason = el('input', '')
  reason.id = 'reason'
  reason.maxLength = 200
  reason.placeholder = 'Why (can be left empty)'
  reason.setAttribute('aria-label', 'Why it is frozen')
  const stop = button('freeze', 'danger', 'Freeze with one touch', () => {
    if (who === null) return
    run(`${who.name}: touch YubiKey ${who.serial} now, it blinks.`, () => freeze(who.name, reason.value))
  })
  stop.disabled = who === null || !who.plugged
  return [picker(now), reason, el('div', 'buttons', button('close', 'quiet', 'Close', () => void closeSheet()), stop)]
}

const chosen = (now: State) => now.sheet.officers.find((officer) => officer.name === now.officer) ?? null

/** Who acts: one of those with a key here. */
function picker(now: State): HTMLElement {
  const here = now.sheet.officers.filter((officer) => officer.plugged)
  if (here.length === 0) return el('p', 'hint', 'Plug in your YubiKey.')
  const choices = here.map((officer) => {
    const radio = el('input', '')
    radio.type = 'radio'
    radio.name = 'officer'
    radio.id = `officer-${officer.serial}`
    radio.checked = officer.name === now.officer
    radio.addEventListener('change', () => {
      now.officer = officer.name
      foot()
    })
    return el('label', '', radio, ` ${officer.name}, key ${officer.serial}`)
  })
  return el('fieldset', 'who', el('legend', '', 'You are'), ...choices)
}

/** Why nothing can be pressed yet. */
function hint(now: State, who: SheetOfficer | null): HTMLElement | Text {
  if (!now.seen) return el('p', 'hint', 'Read to the end: the button wakes there.')
  if (who !== null && !who.may) return el('p', 'hint', `${who.name} ${who.why_not ?? 'may not approve it'}.`)
  return document.createTextNode('')
}

function run(busy: string, start: () => Promise<Done>): void {
  if (state === null || state.busy !== null) return
  const now = state
  now.busy = busy
  now.trouble = null
  foot()
  start()
    .then((what) => {
      now.done = what
    })
    .catch((thrown: unknown) => {
      const { message, remedy } = problem(thrown)
      now.trouble = remedy === null ? `${message}.` : `${message}. ${remedy}.`
    })
    .finally(() => {
      now.busy = null
      foot()
    })
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && state?.busy == null) void closeSheet()
})
onChanged(() => {
  if (state?.busy != null) return
  state = null
  void load()
})
setInterval(() => {
  if (state?.done == null) void load()
}, LOOK)
void load()
area.focus({ preventScroll: true })
