import { defineConfig } from 'vite'
import { plain } from './vite.plain'

export default defineConfig(plain('sheet'))
