import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// The main window. The approval sheet and the PIN window are built by configurations of their own, so
// that nothing of this bundle, and no package from npm, can end up in them.
export default defineConfig({
  plugins: [react(), tailwindcss()],
  base: './',
  clearScreen: false,
  server: { port: 1420, strictPort: true, host: '127.0.0.1' },
  build: {
    target: 'safari16.4',
    sourcemap: false,
    // Everything is local: a preload helper would only be one more script.
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/main/testing/setup.ts'],
    testTimeout: 30_000,
    css: true,
  },
})
