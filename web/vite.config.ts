import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { mathmlOnly } from './mathml.ts';
import { smallTables } from './tables.ts';

// The pages are static files inside the program. It answers every page's address with one shell
// (build/shell.html), sends the Content-Security-Policy, and puts what the page needs first into the shell.
//
// `npm run dev` shows the pages as they are written, over a hub that runs at $EMBRACE.
const hub = process.env.EMBRACE ?? 'http://127.0.0.1:8080';
const proxied = { target: hub, changeOrigin: true };

// SvelteKit hides what it tells screen readers after each navigation with a style attribute, which our
// Content-Security-Policy refuses: the words would stand at the end of the page. A class does the same.
const announcerByClass: Plugin = {
  name: 'announcer-by-class',
  enforce: 'pre',
  transform: {
    filter: { id: /\/@sveltejs\/kit\/src\/runtime\/components\/root\.svelte$/ },
    handler(code) {
      const [before, after, ...more] = code.split(/style="position: absolute;[^"]*"/);
      if (before === undefined || after === undefined || more.length > 0)
        throw new Error('SvelteKit announces navigations in another way now: see that nothing has an inline style');
      return { code: `${before}class="sr-only"${after}`, map: null };
    }
  }
};

export default defineConfig({
  plugins: [
    announcerByClass,
    smallTables(),
    mathmlOnly(),
    tailwindcss(),
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: 'shell.html', precompress: true }),
      paths: { relative: false },
      // No time of the build: the same sources give the same files.
      version: { name: 'embrace' }
    })
  ],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // Icons that several pages show come in one file: each alone costs a request.
        codeSplitting: { groups: [{ name: 'icons', test: /\/node_modules\/@lucide\//, minShareCount: 3 }] }
      }
    }
  },
  server: {
    proxy: {
      '^/(api|oauth|avatars)/': proxied,
      '^/.+/(resolve|raw)/': proxied,
      '^/.+\\.git/': proxied
    }
  },
  test: { server: { deps: { inline: [/katex/] } }, include: ['src/**/*.test.ts'] }
});
