import { resolve } from 'node:path'
import type { Plugin, UserConfig } from 'vite'

/** Files of the windows that hold a right may weigh this much together. */
const MOST_BYTES = 60_000

/**
 * Refuses a build that takes in anything from npm, or more than the limit: a window that may approve is
 * small enough to be read whole.
 */
function onlyOurs(folder: string): Plugin {
  const here = resolve(import.meta.dirname, folder)
  return {
    name: 'only-ours',
    generateBundle(_, bundle) {
      let bytes = 0
      for (const file of Object.values(bundle)) {
        const text = file.type === 'chunk' ? file.code : file.source
        bytes += text.length
        if (file.type !== 'chunk') continue
        for (const id of Object.keys(file.modules)) {
          // What the bundler adds itself begins with a zero byte and is no file.
          if (id.startsWith('\0')) continue
          if (!id.startsWith(here) || id.includes('node_modules')) {
            this.error(`${id} is in the ${folder} window; only files of ui/${folder} may be`)
          }
        }
      }
      if (bytes > MOST_BYTES) this.error(`the ${folder} window has ${bytes} bytes, ${MOST_BYTES} are allowed`)
    },
  }
}

/** A window of plain TypeScript in a folder of its own. */
export function plain(folder: string): UserConfig {
  return {
    root: resolve(import.meta.dirname, folder),
    base: './',
    publicDir: false,
    clearScreen: false,
    plugins: [onlyOurs(folder)],
    build: {
      target: 'safari16.4',
      outDir: resolve(import.meta.dirname, 'dist', folder),
      emptyOutDir: true,
      sourcemap: false,
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: resolve(import.meta.dirname, folder, `${folder}.html`),
        output: {
          entryFileNames: `${folder}.js`,
          chunkFileNames: `${folder}-[name].js`,
          assetFileNames: `${folder}.[ext]`,
        },
      },
    },
  }
}
