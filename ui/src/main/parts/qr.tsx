import { useMemo } from 'react'
import { renderSVG } from 'uqr'

/** A QR code: black on white in both themes, since cameras read nothing else well. */
export function Qr({ text, label }: { text: string; label: string }) {
  const source = useMemo(() => {
    const svg = renderSVG(text, { border: 2, ecc: 'M', pixelSize: 8 })
    return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`
  }, [text])
  return <img className="qr" src={source} alt={label} width={200} height={200} />
}
