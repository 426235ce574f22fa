import react from '@vitejs/plugin-react'
import tailwind from '@tailwindcss/vite'
import { defineConfig } from 'vite'

// The main window. The approval sheet and the PIN window are built on their own, so that no chunk is
// shared with them: vite.sheet.config.ts and vite.pin.config.ts.
export default defineConfig({
  plugins: [react(), tailwind()],
  base: './',
  clearScreen: false,
  server: { port: 1420, strictPort: true, host: '127.0.0.1' },
  build: { target: 'safari16.4', sourcemap: false, modulePreload: { polyfill: false }, cssCodeSplit: false },
})
