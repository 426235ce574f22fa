// The PIN window: says which key, for what and how many tries are left, takes what is typed, and then
// says that the key wants a touch. It can do nothing else.

import type { PinRequest, Problem, Wanted } from './pin-bindings'

type Bridge = {
  invoke<T>(command: string, args?: Record<string, unknown>): Promise<T>
  transformCallback(callback: (event: unknown) => void): number
}

const bridge = (window as unknown as { __TAURI_INTERNALS__: Bridge }).__TAURI_INTERNALS__
const place = document.getElementById('pin') as HTMLElement

const TITLES: Record<Wanted, string> = {
  pin: 'Type the PIN',
  new_pin: 'Choose a new PIN',
  puk: 'Type the PUK',
  new_puk: 'Choose a new PUK',
  touch: 'Touch the key now',
  patience: 'The key is at work',
}

let shown = -1

function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

async function load(): Promise<void> {
  const request = await bridge.invoke<PinRequest | null>('pin_request')
  if (request === null || request.number === shown) return
  shown = request.number
  document.body.dataset['kind'] = request.kind
  place.replaceChildren(...about(request), ...(isSecret(request.kind) ? [form(request)] : waiting(request)))
  place.querySelector('input')?.focus()
}

const isSecret = (kind: Wanted) => kind !== 'touch' && kind !== 'patience'

function about(request: PinRequest): Node[] {
  const counted = request.place === null ? '' : ` (${request.place[0]} of ${request.place[1]})`
  return [
    el('h1', '', TITLES[request.kind] + counted),
    el('p', 'key', el('strong', '', request.holder), `, YubiKey ${request.serial}`),
    el('p', 'purpose', `To ${request.purpose}.`),
  ]
}

function waiting(request: PinRequest): Node[] {
  const words =
    request.kind === 'touch' ? 'It blinks. The touch is what counts: without it nothing is signed.' : 'This takes some seconds.'
  return [el('div', 'blink', ''), el('p', 'hint', words), buttons(giveUp('Stop waiting'))]
}

function form(request: PinRequest): HTMLElement {
  const twice = request.kind === 'new_pin' || request.kind === 'new_puk'
  const first = field('pin-secret', twice ? 'Six to eight characters' : 'Hidden')
  const second = twice ? field('pin-again', 'Once more') : null
  const trouble = el('p', 'trouble', '')
  const go = el('button', 'primary', 'Continue')
  go.type = 'submit'
  go.id = 'pin-continue'
  const body = el('form', '', tries(request.tries_left), first, ...(second === null ? [] : [second]), trouble)
  body.append(buttons(giveUp('Cancel'), go))
  body.addEventListener('submit', (event) => {
    event.preventDefault()
    const typed = first.value
    if (typed === '') return
    if (second !== null && second.value !== typed) {
      trouble.textContent = 'The two are not the same.'
      return
    }
    first.value = ''
    if (second !== null) second.value = ''
    go.disabled = true
    bridge.invoke('give_pin', { number: request.number, typed }).catch((thrown: Problem) => {
      trouble.textContent = thrown.message
    })
  })
  return body
}

function field(id: string, label: string): HTMLInputElement {
  const input = el('input', '')
  input.id = id
  input.type = 'password'
  input.autocomplete = 'off'
  input.maxLength = 16
  input.placeholder = label
  input.setAttribute('aria-label', label)
  return input
}

function tries(left: number | null): HTMLElement {
  if (left === null) return el('p', 'hint', '')
  if (left === 1) return el('p', 'trouble', 'Only 1 try left: another wrong one blocks this key.')
  return el('p', 'hint', `${left} tries left.`)
}

function giveUp(words: string): HTMLButtonElement {
  const button = el('button', '', words)
  button.type = 'button'
  button.id = 'pin-cancel'
  button.addEventListener('click', () => void bridge.invoke('give_up'))
  return button
}

const buttons = (...all: Node[]) => el('div', 'buttons', ...all)

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') void bridge.invoke('give_up')
})
const handler = bridge.transformCallback(() => void load())
void bridge.invoke('plugin:event|listen', { event: 'pin-changed', target: { kind: 'Any' }, handler }).then(load)
