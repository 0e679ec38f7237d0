// Markdown as GitHub and the Hub write it, to HTML: tables, task lists, autolinks, footnotes, alerts, anchors on headings,
// and formulas (`$$..$$`, `\\(..\\)`, `\\[..\\]`, ```math). Text in, text out: it runs in a worker as well as in a page.
//
// What comes out is NOT safe: the HTML in a card passes through as it is. sanitize.ts is the only reader.
import { Marked, type Token, type TokenizerAndRendererExtension, type Tokens } from 'marked';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// As GitHub makes them: letters and digits of any script stay.
export function slugOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

// What is read of inline HTML: no tags, no entities.
function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d{1,7})|(amp|lt|gt|quot));/g, (_, code?: string, name?: string) =>
      code
        ? String.fromCodePoint(Math.min(Number(code), 0x10ffff))
        : ({ amp: '&', lt: '<', gt: '>', quot: '"' }[name!] ?? '')
    );
}

const alerts = {
  NOTE: 'Note',
  TIP: 'Tip',
  IMPORTANT: 'Important',
  WARNING: 'Warning',
  CAUTION: 'Caution'
} as const;

// "> [!NOTE]" and its text.
function takeAlert(quote: Tokens.Blockquote): string | null {
  const first = quote.tokens[0];
  if (first?.type !== 'paragraph') return null;
  const word = /^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)/i.exec(first.raw)?.[1];
  if (word === undefined) return null;
  const inline = (first as Tokens.Paragraph).tokens;
  const mark = inline[0];
  if (mark?.type !== 'text') return null;
  const rest = mark.raw.slice(word.length + 3).replace(/^\s+/, '');
  if (rest !== '') inline[0] = { ...mark, raw: rest, text: escapeHtml(rest), escaped: true } as Tokens.Text;
  else inline.splice(0, inline[1]?.type === 'br' ? 2 : 1);
  if (inline.length === 0) quote.tokens.shift();
  return word.toUpperCase();
}

const formula = (tex: string, block: boolean) =>
  block
    ? `<div class="math-block">${escapeHtml(tex.trim())}</div>\n`
    : `<span class="math-inline">${escapeHtml(tex.trim())}</span>`;

const formulaMax = 20_000; // characters; more than this between two marks is no formula

const fences: [string, string, boolean][] = [
  ['$$', '$$', true],
  ['\\\\[', '\\\\]', true],
  ['\\\\(', '\\\\)', false]
];

function takeFormula(source: string): { raw: string; tex: string; block: boolean } | null {
  for (const [open, close, block] of fences) {
    if (!source.startsWith(open)) continue;
    const end = source.slice(0, formulaMax).indexOf(close, open.length);
    const tex = source.slice(open.length, end);
    // A formula holds no blank line.
    if (end > open.length && tex.trim() !== '' && !/\n[ \t]*\n/.test(tex)) {
      return { raw: source.slice(0, end + close.length), tex, block };
    }
  }
  return null;
}

// marked asks of each paragraph where in the rest of the text something of ours begins: the answer is sought in the
// paragraph alone, or long texts would take the square of their length.
function startIn(source: string, mark: RegExp): number | undefined {
  const end = source.indexOf('\n\n');
  return mark.exec(end < 0 ? source.slice(0, formulaMax) : source.slice(0, end))?.index;
}

const math: TokenizerAndRendererExtension[] = [
  {
    name: 'mathBlock',
    level: 'block',
    start: (source) => startIn(source, /(?:^|\n) {0,3}(?:\$\$|\\\\\[)/),
    tokenizer(source) {
      const indent = /^ {0,3}/.exec(source)![0];
      const found = takeFormula(source.slice(indent.length));
      if (!found?.block) return;
      const after = /^[ \t]*(?:\n+|$)/.exec(source.slice(indent.length + found.raw.length));
      if (!after) return; // text follows on the line: it is part of a paragraph
      return { type: 'mathBlock', raw: indent + found.raw + after[0], tex: found.tex };
    },
    renderer: (token) => formula(String(token['tex']), true)
  },
  {
    name: 'mathInline',
    level: 'inline',
    start: (source) => /\$\$|\\\\[[(]/.exec(source)?.index,
    tokenizer(source) {
      const found = takeFormula(source);
      return found ? { type: 'mathInline', raw: found.raw, tex: found.tex, block: found.block } : undefined;
    },
    // Inside a paragraph a displayed formula is a span that its class makes a block.
    renderer: (token) =>
      `<span class="${token['block'] ? 'math-block' : 'math-inline'}">${escapeHtml(String(token['tex']).trim())}</span>`
  }
];

interface Note {
  tokens: Token[];
  number: number; // 0 until it is referred to
  uses: number;
}

function footnotes(notes: Map<string, Note>, used: Note[]): TokenizerAndRendererExtension[] {
  return [
    {
      name: 'footnote',
      level: 'block',
      start: (source) => startIn(source, /(?:^|\n)\[\^/),
      tokenizer(source) {
        const head = /^\[\^([^\]\s]{1,100})\]:[ \t]*/.exec(source);
        if (!head) return;
        // Its first paragraph, and what is indented below.
        const lines = source.slice(head[0].length).split('\n', 200);
        let take = 1;
        for (let blank = lines[0]!.trim() === ''; take < lines.length; take += 1) {
          const line = lines[take]!;
          const indented = /^(?: {2,}|\t)\S/.test(line);
          if (line.trim() === '') blank = true;
          else if (indented || (!blank && !/^\[\^[^\]\s]+\]:/.test(line))) blank = blank && !indented;
          else break;
        }
        while (take > 1 && lines[take - 1]!.trim() === '') take -= 1;
        const body = lines.slice(0, take);
        const raw = head[0] + body.join('\n');
        const id = head[1]!.toLowerCase();
        const text = body.map((line, at) => (at === 0 ? line : line.replace(/^(?: {1,4}|\t)/, ''))).join('\n');
        if (!notes.has(id)) notes.set(id, { tokens: this.lexer.blockTokens(text, []), number: 0, uses: 0 });
        return { type: 'footnote', raw: source.startsWith(raw + '\n') ? raw + '\n' : raw };
      },
      renderer: () => ''
    },
    {
      name: 'footnoteRef',
      level: 'inline',
      start: (source) => {
        const at = source.indexOf('[^');
        return at < 0 ? undefined : at;
      },
      tokenizer(source) {
        const found = /^\[\^([^\]\s]{1,100})\]/.exec(source);
        return found ? { type: 'footnoteRef', raw: found[0], id: found[1]!.toLowerCase() } : undefined;
      },
      renderer(token) {
        const note = notes.get(String(token['id']));
        if (!note) return escapeHtml(token.raw);
        if (note.number === 0) note.number = used.push(note);
        note.uses += 1;
        const again = note.uses > 1 ? `-${note.uses}` : '';
        return `<sup><a class="footnote-ref" id="fnref-${note.number}${again}" href="#fn-${note.number}">${note.number}</a></sup>`;
      }
    }
  ];
}

export function parseMarkdown(text: string): string {
  const slugs = new Map<string, number>();
  const notes = new Map<string, Note>();
  const used: Note[] = []; // in the order of their numbers
  const marked = new Marked({
    gfm: true,
    extensions: [...math, ...footnotes(notes, used)],
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const title = plainText(html);
        const slug = slugOf(title) || 'section';
        const times = slugs.get(slug) ?? 0;
        slugs.set(slug, times + 1);
        const id = times === 0 ? slug : `${slug}-${times}`;
        return `<h${depth} id="${escapeHtml(id)}">${html}<a class="anchor" href="#${escapeHtml(encodeURIComponent(id))}"></a></h${depth}>\n`;
      },
      blockquote(quote) {
        const word = takeAlert(quote) as keyof typeof alerts | null;
        const html = this.parser.parse(quote.tokens);
        if (word === null) return `<blockquote>\n${html}</blockquote>\n`;
        return `<div class="alert alert-${word.toLowerCase()}"><p class="alert-title">${alerts[word]}</p>\n${html}</div>\n`;
      },
      code({ text: source, lang, escaped }) {
        const info = (lang ?? '').trim();
        if (/^math\b/.test(info)) return formula(source, true);
        const word = /^[^\s]*/.exec(info)![0].slice(0, 40);
        return `<pre><code class="language-${escapeHtml(word || 'none')}">${escaped ? source : escapeHtml(source)}\n</code></pre>\n`;
      }
    }
  });
  let html = marked.parse(text, { async: false });
  // Notes refer to notes: rendering one may number another, which then follows.
  const done: string[] = [];
  for (let at = 0; at < used.length; at += 1) {
    const body = marked.parser(used[at]!.tokens);
    done.push(
      `<li id="fn-${at + 1}">${body}<a class="footnote-back" href="#fnref-${at + 1}" title="Back to the text">↩</a></li>`
    );
  }
  if (done.length > 0) html += `<section class="footnotes"><ol>\n${done.join('\n')}\n</ol></section>\n`;
  return html;
}
