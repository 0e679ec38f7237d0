// Letters of other faces: browsers draw MathML's `mathvariant` only as Unicode letters that are already of that face.

// Where each face begins in Unicode: capitals, small letters, digits; 0 where it has none.
const faces: Record<string, [number, number, number]> = {
  bold: [0x1d400, 0x1d41a, 0x1d7ce],
  italic: [0x1d434, 0x1d44e, 0],
  'bold-italic': [0x1d468, 0x1d482, 0],
  script: [0x1d49c, 0x1d4b6, 0],
  'bold-script': [0x1d4d0, 0x1d4ea, 0],
  fraktur: [0x1d504, 0x1d51e, 0],
  'double-struck': [0x1d538, 0x1d552, 0x1d7d8],
  'bold-fraktur': [0x1d56c, 0x1d586, 0],
  'sans-serif': [0x1d5a0, 0x1d5ba, 0x1d7e2],
  'bold-sans-serif': [0x1d5d4, 0x1d5ee, 0x1d7ec],
  'sans-serif-italic': [0x1d608, 0x1d622, 0],
  'sans-serif-bold-italic': [0x1d63c, 0x1d656, 0],
  monospace: [0x1d670, 0x1d68a, 0x1d7f6]
};

// Letters that Unicode had before it had their faces.
const earlier: Record<string, Record<string, string>> = {
  italic: { h: 'ℎ' },
  script: { B: 'ℬ', E: 'ℰ', F: 'ℱ', H: 'ℋ', I: 'ℐ', L: 'ℒ', M: 'ℳ', R: 'ℛ', e: 'ℯ', g: 'ℊ', o: 'ℴ' },
  fraktur: { C: 'ℭ', H: 'ℌ', I: 'ℑ', R: 'ℜ', Z: 'ℨ' },
  'double-struck': { C: 'ℂ', H: 'ℍ', N: 'ℕ', P: 'ℙ', Q: 'ℚ', R: 'ℝ', Z: 'ℤ' }
};

export function inFace(text: string, face: string): string {
  const begins = faces[face];
  if (!begins) return text;
  return [...text]
    .map((letter) => {
      const known = earlier[face]?.[letter];
      if (known) return known;
      const at = letter.charCodeAt(0);
      const [kind, first] = /[A-Z]/.test(letter)
        ? [0, 65]
        : /[a-z]/.test(letter)
          ? [1, 97]
          : /[0-9]/.test(letter)
            ? [2, 48]
            : [-1, 0];
      const begin = kind < 0 ? 0 : begins[kind as 0 | 1 | 2];
      return begin ? String.fromCodePoint(begin + at - first) : letter;
    })
    .join('');
}
