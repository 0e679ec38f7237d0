// Formulas to MathML, which browsers draw themselves: no fonts, no inline styles. Loaded where a card holds one.
import createDOMPurify from 'dompurify';
import katex from 'katex';
import { inFace } from './letters.ts';

export const formulaCharactersMax = 8000;

const purifier = createDOMPurify(window);

function setFaces(root: DocumentFragment): void {
  for (const element of root.querySelectorAll('[mathvariant]')) {
    const face = element.getAttribute('mathvariant') ?? '';
    if (face === 'normal' || element.children.length > 0) continue;
    element.textContent = inFace(element.textContent ?? '', face);
    // One letter alone would be slanted again.
    element.setAttribute('mathvariant', 'normal');
  }
}

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
    const drawn = purifier.sanitize(text, {
      USE_PROFILES: { mathMl: true },
      ADD_TAGS: ['semantics', 'annotation'],
      FORBID_ATTR: ['style', 'href', 'xlink:href', 'class', 'id'],
      RETURN_DOM_FRAGMENT: true
    });
    setFaces(drawn);
    return drawn;
  } catch {
    return null;
  }
}
