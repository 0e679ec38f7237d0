import { describe, expect, it } from 'vitest';
import {
  escapeHtml,
  highlight,
  highlightLines,
  highlightLineMax,
  languageOfFence,
  languageOfFile,
  splitLines
} from './highlight.ts';
import { languages } from './languages.ts';

const tagless = (html: string) => html.replace(/<\/?span[^<>]*>/g, '');

describe('highlight', () => {
  it('marks keywords and keeps the text', async () => {
    const html = await highlight('def f(x):\n    return "a" # <b>\n', 'python');
    expect(html).toContain('<span class="hljs-keyword">def</span>');
    expect(tagless(html)).toBe('def f(x):\n    return &quot;a&quot; # &lt;b&gt;\n');
  });

  it('escapes what it does not know', async () => {
    expect(await highlight('<img src=x onerror=alert(1)>', null)).toBe(escapeHtml('<img src=x onerror=alert(1)>'));
    expect(await highlight('<b>', 'constructor')).not.toContain('<b>');
    expect(await highlight('<b>', '__proto__')).not.toContain('<b>');
  });

  it('lets no tag of the text through, in any language', async () => {
    const hostile =
      '"<img src=x onerror=alert(1)>" \'</script><script>\' /* <svg onload=1> */ # <a href="javascript:1">\n';
    for (const key of Object.keys(languages)) expect(tagless(await highlight(hostile, key)), key).not.toMatch(/[<>]/);
  });

  it('leaves very long lines plain', async () => {
    const line = `{"a": "${'x'.repeat(highlightLineMax)}"}`;
    expect(await highlight(line, 'json')).toBe(escapeHtml(line));
  });

  it('colours a language inside another', async () => {
    expect(await highlight('<script>let a = 1</script>', 'xml')).toContain('<span class="hljs-keyword">let</span>');
  });
});

describe('lines', () => {
  it('closes spans at the end of each line', () => {
    expect(splitLines('<span class="a">x\ny</span>z')).toEqual([
      '<span class="a">x</span>',
      '<span class="a">y</span>z'
    ]);
  });

  it('has one entry per line', async () => {
    const lines = await highlightLines('"""\nlong\n"""\nx = 1', 'python');
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line.split('<span').length).toBe(line.split('</span>').length);
  });
});

describe('languages', () => {
  it('are known by the names of files', () => {
    expect(languageOfFile('src/Main.PY')).toBe('python');
    expect(languageOfFile('a/Dockerfile')).toBe('dockerfile');
    expect(languageOfFile('CMakeLists.txt')).toBe('cmake');
    expect(languageOfFile('config.json')).toBe('json');
    expect(languageOfFile('tokenizer_config.jinja')).toBe('twig');
    expect(languageOfFile('README')).toBeNull();
    expect(languageOfFile('model.safetensors')).toBeNull();
    expect(languageOfFile('x.constructor')).toBeNull();
  });

  it('are known by the words of fences', () => {
    expect(languageOfFence('py')).toBe('python');
    expect(languageOfFence('{.python .numberLines}')).toBe('python');
    expect(languageOfFence('C++ title="x"')).toBe('cpp');
    expect(languageOfFence('language-js')).toBe('javascript');
    expect(languageOfFence('')).toBeNull();
    expect(languageOfFence('whatever')).toBeNull();
  });
});
