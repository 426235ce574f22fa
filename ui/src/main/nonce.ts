// The shell stamps a fresh nonce on the <style> of index.html. Libraries that add a <style> of their own
// get it from here, so the content policy needs no 'unsafe-inline'.
import { setNonce } from 'get-nonce'

const nonce = document.querySelector<HTMLStyleElement>('style#nonce')?.nonce
if (nonce) setNonce(nonce)
