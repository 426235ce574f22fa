interface Part {
  title: string
  sentences: { name: string | null; text: string }[]
}

const STATEMENT = /^([^:]{1,80}): (.+)$/

/** Headings stand at the margin, sentences are indented below them. */
export function parts(words: string): Part[] {
  const found: Part[] = []
  for (const line of words.split('\n')) {
    if (line.trim() === '') continue
    if (!line.startsWith(' ')) {
      found.push({ title: line.trim(), sentences: [] })
      continue
    }
    const [, name, text] = STATEMENT.exec(line.trim()) ?? []
    const sentence = name && text ? { name, text } : { name: null, text: line.trim() }
    if (found.length === 0) found.push({ title: '', sentences: [] })
    found.at(-1)?.sentences.push(sentence)
  }
  return found
}

/** What comes first and what it costs to miss it: payouts and limits before the lists that they name. */
const FIRST = ['Payouts', 'Limits', 'Never paid', 'Changes']

function order(part: Part): number {
  const at = FIRST.findIndex((title) => part.title.startsWith(title))
  return at < 0 ? FIRST.length : at
}

/** A policy as the engine itself says it: sentences, made from what was read, not from the file's comments. */
export function Sentences({ words }: { words: string }) {
  const found = parts(words).sort((a, b) => order(a) - order(b))
  return (
    <div className="card sentences">
      {found.map((part) => (
        <section key={part.title} aria-label={part.title}>
          <h3>{part.title}</h3>
          <List ordered={part.title.startsWith('Payouts')}>
            {part.sentences.map(({ name, text }) => (
              <li key={`${name}${text}`}>
                {name && <strong>{name}</strong>}
                <p>{text}</p>
              </li>
            ))}
          </List>
        </section>
      ))}
    </div>
  )
}

/** Lanes are numbered, since the first that fits decides. */
function List({ ordered, children }: { ordered: boolean; children: React.ReactNode }) {
  return ordered ? <ol>{children}</ol> : <ul>{children}</ul>
}
