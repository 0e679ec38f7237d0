// Formulas to MathML, which browsers draw themselves: no fonts, no inline styles. Loaded where a card holds one.
import createDOMPurify from 'dompurify';
import katex from 'katex';

export const formulaCharactersMax = 8000;

const purifier = createDOMPurify(window);

// Null where it is no formula: the reader sees the source.
export function mathml(tex: string, block: boolean): DocumentFragment | null {
  if (tex.length > formulaCharactersMax) return null;
  try {
    const text = katex.renderToString(tex, {
      displayMode: block,
      output: 'mathml',
      trust: false,
      strict: 'ignore',
      maxExpand: 300,
      maxSize: 40
    });
    return purifier.sanitize(text, {
      USE_PROFILES: { mathMl: true },
      ADD_TAGS: ['semantics', 'annotation'],
      FORBID_ATTR: ['style', 'href', 'xlink:href', 'class', 'id'],
      RETURN_DOM_FRAGMENT: true
    });
  } catch {
    return null;
  }
}
