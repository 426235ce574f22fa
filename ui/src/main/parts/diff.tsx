/** What changes between two texts, line by line; a sign as well as a colour. */
export function Diff({ text, label }: { text: string; label: string }) {
  return (
    <pre className="card policy-text mono" tabIndex={0} aria-label={label}>
      {text.split('\n').map((line, at) => (
        <span key={at} className={line.startsWith('+') ? 'diff-added' : line.startsWith('-') ? 'diff-gone' : 'faint'}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
