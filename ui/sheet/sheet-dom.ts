// Elements without a framework. Text is only ever set as text.

type Child = Node | string | null

/** An element with a class and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children.filter((child) => child !== null))
  return element
}

/** A button that does something when it is pressed. */
export function button(id: string, className: string, text: string, press: () => void): HTMLButtonElement {
  const element = el('button', className, text)
  element.type = 'button'
  element.id = id
  element.addEventListener('click', press)
  return element
}

/** The element of that id, which is in the page. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no ${id}`)
  return element
}
