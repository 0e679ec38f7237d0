import { describe, expect, it } from 'vitest';
import { readMetadata, setField } from './document.ts';

const card = `---
# what people may do
license: mit # the short one
tags:
- "a: b"
- tiny # small
model-index:
  - name: x
    results: []
---
# Title

---
license: no metadata
---
`;

describe('metadata', () => {
  it('is read', () => {
    expect(readMetadata(card).fields).toEqual({
      license: 'mit',
      tags: ['a: b', 'tiny'],
      'model-index': [{ name: 'x', results: [] }]
    });
    expect(readMetadata('# no metadata').fields).toEqual({});
    expect(readMetadata('---\n---\n').fields).toEqual({});
    expect(readMetadata('---\n# only words\n---\n')).toEqual({ fields: {}, problem: null });
  });

  it('says where it cannot be read', () => {
    expect(readMetadata('---\na: 1\nb: [\n---\n').problem).toMatch(/^Line \d+: /);
    expect(readMetadata('---\n- a\n---\n').problem).not.toBeNull();
    expect(readMetadata('---\njust words\n---\n').problem).not.toBeNull();
    const bomb = `---\na: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n---\n`;
    expect(readMetadata(bomb).problem).not.toBeNull();
  });

  it('changes in one place', () => {
    expect(setField(card, 'license', 'apache-2.0')).toBe(card.replace('license: mit', 'license: apache-2.0'));
    expect(setField(card, 'tags', ['a: b', 'tiny', 'new'])).toBe(
      card.replace('- tiny # small\n', '- tiny # small\n- new\n')
    );
    expect(setField('---\n{license: mit, tags: [a]}\n---\n', 'license', 'x')).toContain('license: x');
    expect(setField('---\n{license: mit}\n---\n', 'tags', ['a'])).toContain('tags');
    expect(setField('---\ntags: [a, b]\nlicense: mit\n---\n', 'tags', ['a', 'c'])).toContain('[a, c]\nlicense: mit\n');
    expect(setField('---\ntags:\n  - a\n\n# about\nlicense: mit\n---\n', 'tags', ['a', 'c'])).toBe(
      '---\ntags:\n  - a\n  - c\n\n# about\nlicense: mit\n---\n'
    );
    expect(setField(card, 'tags', ['tiny'])).toContain('- tiny # small');
    expect(setField(card, 'tags', [])).not.toContain('tags');
    expect(setField(card, 'language', ['en'])).toContain('language:\n- en\n');
    expect(setField(card, 'pinned', true)).toContain('pinned: true');
  });

  it('keeps the body, whatever is in it', () => {
    const body = card.slice(card.indexOf('# Title'));
    for (const value of ['x', ['x'], null, true]) expect(setField(card, 'license', value).endsWith(body)).toBe(true);
  });

  it('begins where there is none, and goes where nothing is left', () => {
    const begun = setField('# Title\n', 'license', 'mit');
    expect(begun).toBe('---\nlicense: mit\n---\n# Title\n');
    expect(setField(begun, 'license', '')).toBe('# Title\n');
    expect(setField('# Title\n', 'license', null)).toBe('# Title\n');
  });

  it('keeps one word one word, and quotes what must be', () => {
    expect(setField('---\nlanguage: en\n---\n', 'language', ['de'])).toBe('---\nlanguage: de\n---\n');
    expect(setField('---\nlanguage: en\n---\n', 'language', ['en', 'no'])).toContain('- "no"');
    const hostile = setField('x', 'license_name', '---\nlicense: evil\n---\n');
    expect(readMetadata(hostile).fields).toEqual({ license_name: '---\nlicense: evil\n---\n' });
  });

  it('leaves alone what it cannot read', () => {
    const broken = '---\na: [\n---\nx';
    expect(setField(broken, 'license', 'mit')).toBe(broken);
  });
});
