import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';
import { smallTables } from './tables.ts';

// The pages are static files inside the program. It answers every page's address with one shell
// (build/shell.html), sends the Content-Security-Policy, and puts what the page needs first into the shell.
//
// `npm run dev` shows the pages as they are written, over a hub that runs at $EMBRACE.
const hub = process.env.EMBRACE ?? 'http://127.0.0.1:8080';
const proxied = { target: hub, changeOrigin: true };

export default defineConfig({
  plugins: [
    smallTables(),
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: 'shell.html' }),
      paths: { relative: false },
      // No time of the build: the same sources give the same files.
      version: { name: 'embrace' }
    })
  ],
  build: { target: 'es2022', assetsInlineLimit: 0 },
  server: {
    proxy: {
      '^/(api|oauth|avatars)/': proxied,
      '^/.+/(resolve|raw)/': proxied,
      '^/.+\\.git/': proxied
    }
  },
  test: { include: ['src/**/*.test.ts'] }
});
