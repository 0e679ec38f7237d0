// Source text to HTML whose only tags are <span class="hljs-...">. highlight.js escapes everything else, so the result
// may go into a page. Each language is loaded when it is first met.
import './code.css';
import type { HLJSApi } from 'highlight.js';
import { languages } from './languages.ts';

export { languageName, languageOfFence, languageOfFile } from './languages.ts';

// Longer text stays plain: colouring takes about a second per four megabytes, and a browser a while to lay out the spans.
export const highlightCharactersMax = 1_000_000;
// A line this long is no source that people read (minified code, data); it would cost much and show nothing.
export const highlightLineMax = 20_000;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

let core: Promise<HLJSApi> | undefined;
const loaded = new Map<string, Promise<void>>();

function loadCore(): Promise<HLJSApi> {
  core ??= import('highlight.js/lib/core').then((module) => module.default);
  return core;
}

async function loadLanguage(key: string): Promise<void> {
  const language = languages[key];
  if (!language) return;
  const [hljs, module] = await Promise.all([loadCore(), language.load()]);
  hljs.registerLanguage(key, module.default);
}

function ready(key: string): Promise<unknown> {
  return Promise.all(
    [key, ...(languages[key]?.holds ?? [])].map((each) => {
      let loading = loaded.get(each);
      if (!loading) loaded.set(each, (loading = loadLanguage(each)));
      return loading;
    })
  );
}

function tooLong(text: string): boolean {
  if (text.length > highlightCharactersMax) return true;
  if (text.length <= highlightLineMax) return false;
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const stop = end < 0 ? text.length : end;
    if (stop - from > highlightLineMax) return true;
    from = stop + 1;
  }
  return false;
}

// `language` is a key of `languages` (see languageOfFile, languageOfFence); null, unknown or too long: escaped text.
export async function highlight(text: string, language: string | null): Promise<string> {
  if (language === null || language === 'plaintext' || !Object.hasOwn(languages, language) || tooLong(text))
    return escapeHtml(text);
  try {
    await ready(language);
    return (await loadCore()).highlight(text, { language, ignoreIllegals: true }).value;
  } catch {
    loaded.delete(language); // a file that did not load is asked for again next time
    return escapeHtml(text);
  }
}

// The same, cut at line ends: each line is whole by itself, a span that crosses lines is closed and opened again.
export async function highlightLines(text: string, language: string | null): Promise<string[]> {
  return splitLines(await highlight(text, language));
}

export function splitLines(html: string): string[] {
  const open: string[] = [];
  return html.split('\n').map((line) => {
    const before = open.join('');
    for (const tag of line.match(/<[^>]+>/g) ?? []) {
      if (tag.startsWith('</')) open.pop();
      else open.push(tag);
    }
    return before + line + '</span>'.repeat(open.length);
  });
}
