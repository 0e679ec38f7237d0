// @vitest-environment jsdom
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitFrontMatter } from './front_matter.ts';
import { mathml } from './math.ts';
import { parseMarkdown } from './parse.ts';
import { sanitize } from './sanitize.ts';

const corpus = JSON.parse(readFileSync('../tests/e2e/xss_corpus.json', 'utf8')) as {
  card: Record<string, string>;
  metadata: { field: string; value: unknown }[];
};
const place = {
  ref: { type: 'model', ns: 'acme', name: 'bert' } as const,
  revision: 'main',
  origin: 'https://hub.example'
};
const render = (markdown: string, folder = '') =>
  sanitize(parseMarkdown(splitFrontMatter(markdown).body), { ...place, folder });
const html = (markdown: string, folder = '') => render(markdown, folder).innerHTML.trim();

// What a safe result looks like, said without the sanitizer's own lists.
const harmless =
  /^(a|abbr|article|aside|audio|b|bdi|bdo|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|footer|h[1-6]|header|hr|i|img|ins|kbd|li|main|mark|ol|p|picture|pre|q|rp|rt|ruby|s|samp|section|small|source|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|time|tr|tt|u|ul|var|video|wbr)$/;
const quiet =
  /^(align|alt|aria-label|checked|class|colspan|controls|data-sveltekit-reload|datetime|decoding|dir|headers|height|href|id|lang|loading|loop|muted|name|open|poster|preload|rel|reversed|role|rowspan|scope|span|src|srcset|start|tabindex|title|type|valign|value|width)$/;
const here = /^(\/(?![/\\])|data:image\/(png|gif|jpeg|webp|avif);base64,)/;

function expectSafe(root: HTMLElement, name: string) {
  for (const element of root.querySelectorAll('*')) {
    expect(element.namespaceURI, name).toBe('http://www.w3.org/1999/xhtml');
    expect(element.tagName.toLowerCase(), name).toMatch(harmless);
    for (const { name: attribute, value } of element.attributes) {
      expect(attribute, name).toMatch(quiet);
      if (attribute === 'src' || attribute === 'poster') expect(value, name).toMatch(here);
      if (attribute === 'srcset') for (const each of value.split(', ')) expect(each, name).toMatch(here);
      if (attribute === 'href') {
        expect(value, name).toMatch(/^(\/(?![/\\])|#|\?|https?:\/\/|mailto:)/);
        if (/^https?:/.test(value)) expect(element.getAttribute('rel'), name).toBe('nofollow noopener noreferrer');
      }
      if (attribute === 'id' || attribute === 'name') expect(value, name).toMatch(/^user-content-/);
      if (attribute === 'tabindex') expect(value, name).toBe('0');
      if (attribute === 'class')
        for (const each of value.split(' '))
          expect(each, name).toMatch(
            /^(math-(block|inline)|alert(-\w+)?|anchor|footnotes|footnote-(ref|back)|language-.*|outside-(media|host)|task|task-(done|item)|wide|code-frame)$/
          );
    }
  }
}

describe('hostile cards', () => {
  it.each(Object.entries(corpus.card))('%s', (name, markdown) => {
    const root = render(markdown);
    expectSafe(root, name);
    // What is put into a page is read again there: a second reading must be as safe.
    const again = document.implementation.createHTMLDocument('').body;
    again.innerHTML = root.innerHTML;
    expectSafe(again, `${name}, read again`);
    for (const formula of root.querySelectorAll('.math-block, .math-inline')) {
      const drawn = mathml(formula.textContent ?? '', true);
      for (const element of drawn?.querySelectorAll('*') ?? []) {
        expect(element.namespaceURI, name).toBe('http://www.w3.org/1998/Math/MathML');
        for (const { name: attribute } of element.attributes) {
          expect(attribute, name).not.toMatch(/^on|href|style|src|^id$|^class$/);
        }
      }
    }
  });

  it('stay harmless inside whatever else a card holds', () => {
    for (const [name, markdown] of Object.entries(corpus.card)) {
      for (const around of [
        `<details><summary>a</summary>\n\n${markdown}\n\n</details>`,
        `- a\n\n  ${markdown}`,
        `| a |\n|---|\n| ${markdown.replaceAll('\n', ' ')} |`,
        `<table><tr><td>${markdown}</td></tr></table>`,
        `<a href="${markdown}" title='${markdown}'>x</a>`,
        `<math><mtext>${markdown}</mtext></math><svg><desc>${markdown}</desc></svg>`
      ])
        expectSafe(render(around), `${name} in ${around}`);
    }
  }, 60_000);
});

describe('links', () => {
  const href = (markdown: string, folder = '') => render(markdown, folder).querySelector('a')?.getAttribute('href');

  it('lead into the repository at the revision shown', () => {
    expect(href('[x](docs/a.md)')).toBe('/acme/bert/blob/main/docs/a.md');
    expect(href('[x](./a%20b.md#part)')).toBe('/acme/bert/blob/main/a%20b.md#part');
    expect(href('[x](../c.md)', 'docs/deep')).toBe('/acme/bert/blob/main/docs/c.md');
    expect(href('[x](../../../c.md)', 'docs')).toBe('/acme/bert/blob/main/c.md');
    expect(href('[x](docs/)')).toBe('/acme/bert/tree/main/docs');
    expect(href('[x](..)', 'docs/deep')).toBe('/acme/bert/tree/main/docs');
    expect(href('[x](./)')).toBe('/acme/bert');
    expect(href('[x](#part)')).toBe('#part');
  });

  it('lead to pages of this hub and to other hosts', () => {
    expect(href('[x](/datasets/acme/glue)')).toBe('/datasets/acme/glue');
    expect(href('[x](https://hub.example/acme/other?a=1#b)')).toBe('/acme/other?a=1#b');
    expect(html('[x](https://example.com/a)')).toContain('rel="nofollow noopener noreferrer"');
    expect(href('[x](mailto:a@b.co)')).toBe('mailto:a@b.co');
    expect(href('[x](//evil.example/a)')).toBe('https://evil.example/a');
    expect(href('<a href="/\\evil.example">x</a>')).toBe('https://evil.example/');
  });

  it('to bytes leave the application', () => {
    expect(html('[x](/acme/bert/resolve/main/a.bin)')).toContain('data-sveltekit-reload');
  });
});

describe('pictures', () => {
  const src = (markdown: string, folder = '') => render(markdown, folder).querySelector('img')?.getAttribute('src');

  it('come from the revision shown', () => {
    expect(src('![a](img/a.png)')).toBe('/acme/bert/resolve/main/img/a.png');
    expect(src('![a](../a.png?raw=true)', 'docs')).toBe('/acme/bert/resolve/main/a.png');
    expect(src('<img src="a b.png" width="400" align="right">')).toBe('/acme/bert/resolve/main/a%20b.png');
    expect(src('![a](/acme/other/blob/v1/a.png)')).toBe('/acme/other/resolve/v1/a.png');
    expect(src('![a](data:image/png;base64,iVBORw0KGgo=)')).toBe('data:image/png;base64,iVBORw0KGgo=');
  });

  it('that a mirrored card names at its old address come from here', () => {
    expect(src('![a](https://huggingface.co/acme/bert/resolve/main/img/a.png)')).toBe(
      '/acme/bert/resolve/main/img/a.png'
    );
    expect(src('![a](https://huggingface.co/acme/other/resolve/main/a.png)')).toBeUndefined();
  });

  it('of other hosts become links, or words where a link is around them', () => {
    const alone = render('![Build](https://img.example/badge.svg)').querySelector('a.outside-media');
    expect(alone?.getAttribute('href')).toBe('https://img.example/badge.svg');
    expect(alone?.textContent).toBe('Build img.example');
    const inside = render('[![Build](https://img.example/badge.svg)](https://ci.example)');
    expect(inside.querySelector('a')?.getAttribute('href')).toBe('https://ci.example/');
    expect(inside.querySelector('a span.outside-media')).not.toBeNull();
    expect(inside.querySelector('img')).toBeNull();
  });

  it('follow the theme where both are here', () => {
    const root = render(
      '<picture><source media="(prefers-color-scheme: dark)" srcset="dark.png 2x, darker.png"><img src="light.png"></picture>'
    );
    expect(root.querySelector('source')?.getAttribute('srcset')).toBe(
      '/acme/bert/resolve/main/dark.png 2x, /acme/bert/resolve/main/darker.png'
    );
  });

  it('that move have controls', () => {
    const film = render('<video autoplay src="a.mp4"></video>').querySelector('video');
    expect(film?.hasAttribute('controls')).toBe(true);
    expect(film?.hasAttribute('autoplay')).toBe(false);
    expect(film?.getAttribute('src')).toBe('/acme/bert/resolve/main/a.mp4');
    expect(render('<video><source src="https://x.example/a.mp4"></video>').textContent?.trim()).toBe('Film x.example');
  });
});

describe('GitHub Markdown', () => {
  it('has tables, tasks, strikes and autolinks', () => {
    expect(html('| a |\n|:-:|\n| b |')).toContain('<td align="center">b</td>');
    expect(html('- [x] a\n- [ ] b')).toContain('aria-label="Done:"');
    expect(html('~~a~~')).toContain('<del>a</del>');
    expect(html('see https://example.com/a.')).toContain('>https://example.com/a</a>.');
  });

  it('has alerts', () => {
    expect(html('> [!WARNING]\n> Hot **pan**')).toBe(
      '<div class="alert alert-warning"><p class="alert-title">Warning</p>\n<p>Hot <strong>pan</strong></p>\n</div>'
    );
    expect(html('> [!NOTE] not')).toContain('<blockquote>');
  });

  it('has footnotes, numbered as they are met', () => {
    const root = render('b[^b] a[^a] b[^b]\n\n[^a]: A\n[^b]: B\n[^c]: never used');
    expect([...root.querySelectorAll('sup')].map((each) => each.textContent)).toEqual(['1', '2', '1']);
    expect([...root.querySelectorAll('.footnotes li')].map((each) => each.textContent?.[0])).toEqual(['B', 'A']);
    expect(root.querySelector('.footnotes li')?.id).toBe('user-content-fn-1');
  });

  it('has headings that can be linked', () => {
    const root = render('## Été & “Co”_x\n## a\n## a');
    expect([...root.querySelectorAll('h2')].map((each) => each.id)).toEqual([
      'user-content-été--co_x',
      'user-content-a',
      'user-content-a-1'
    ]);
    expect(root.querySelector('h2 a')?.getAttribute('aria-label')).toBe('Link to “Été & “Co”_x”');
  });

  it('has formulas, whose signs are no Markdown', () => {
    const root = render('$$\na_1 * b_2 * c\n$$\n\n\\\\(x_i < y_j\\\\) costs $5 or $6\n\n```math\n\\frac12\n```');
    expect([...root.querySelectorAll('.math-block')].map((each) => each.textContent)).toEqual([
      'a_1 * b_2 * c',
      '\\frac12'
    ]);
    expect(root.querySelector('.math-inline')?.textContent).toBe('x_i < y_j');
    expect(root.textContent).toContain('costs $5 or $6');
    expect(mathml('\\frac12', true)?.querySelector('mfrac')).not.toBeNull();
    expect(mathml('\\frac', true)).toBeNull();
  });

  it('has the HTML that cards use', () => {
    const source =
      '<details><summary>More</summary>\n\n<kbd>Ctrl</kbd> H<sub>2</sub>O\n\n</details>\n\n<p align="center">x</p>';
    for (const each of ['<summary>More</summary>', '<kbd>Ctrl</kbd>', '<sub>2</sub>', '<p align="center">'])
      expect(html(source)).toContain(each);
  });

  it('hides the metadata', () => {
    expect(splitFrontMatter('---\na: 1\n---\nx')).toEqual({ yaml: 'a: 1\n', body: 'x' });
    expect(splitFrontMatter('\uFEFF---\r\na: 1\r\n---  \r\nx')).toEqual({ yaml: 'a: 1\r\n', body: 'x' });
    expect(splitFrontMatter('---\na: 1\n---')).toEqual({ yaml: 'a: 1\n', body: '' });
    expect(splitFrontMatter('---\nnever closed')).toEqual({ yaml: null, body: '---\nnever closed' });
    expect(splitFrontMatter('x\n---\ny\n---\n').yaml).toBeNull();
  });
});
