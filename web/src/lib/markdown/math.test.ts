// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { inFace } from './letters.ts';
import { mathml } from './math.ts';

const shown = (tex: string) => {
  const root = mathml(tex, true);
  root?.querySelectorAll('annotation').forEach((each) => each.remove());
  return root?.textContent;
};

describe('formulas', () => {
  it('of many kinds are drawn', () => {
    for (const [tex, element] of [
      ['\\frac{a}{b}', 'mfrac'],
      ['\\sqrt[3]{x}', 'mroot'],
      ['\\sum_{i=1}^n x_i', 'munderover'],
      ['\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}', 'mtable'],
      ['\\begin{aligned} a &= b \\\\ &= c \\end{aligned}', 'mtable'],
      ['\\begin{cases} 1 & x \\\\ 0 & y \\end{cases}', 'mtable'],
      ['\\overbrace{a+b}^{n}', 'mover'],
      ['\\widehat{xyz}', 'mover'],
      ['\\xrightarrow{f}', 'mover'],
      ['\\cancel{x}', 'menclose'],
      ['\\boxed{x}', 'menclose'],
      ['\\color{red}{x}', 'mstyle'],
      ['\\operatorname*{argmax}_\\theta', 'munder'],
      ['\\left( \\frac12 \\right)', 'mfrac'],
      ['\\text{if } x \\in \\mathbb{R}', 'mtext'],
      ['\\rule{1em}{2em}', 'mspace'],
      ['\\phantom{x} \\hspace{1em} \\quad y', 'mphantom'],
      ['\\tag{1} x', 'mtable'],
      ['\\underline{x}', 'munder'],
      ['\\bigl( x \\Bigr)', 'mo'],
      ['\\mathscr{L} \\mathfrak{g} \\mathbf{x} \\boldsymbol{\\beta}', 'mi']
    ] as const)
      expect(mathml(tex, true)?.querySelector(element), tex).not.toBeNull();
  });

  it('have letters of the face that was asked for', () => {
    expect(shown('\\mathcal{L} \\mathbb{R}^n')).toBe('ℒℝn');
    expect(shown('\\mathbf{x}')).toBe('𝐱');
    expect(inFace('Ab1β', 'bold')).toBe('𝐀𝐛𝟏β');
    expect(inFace('x', 'nothing')).toBe('x');
  });

  it('that are none stay source', () => {
    for (const tex of ['\\frac', '}', '\\nothing', '{'.repeat(9000), '\\def\\x{\\x\\x}\\x'])
      expect(mathml(tex, true)).toBeNull();
  });

  it('nested without end are refused, not waited for', () => {
    const begun = performance.now();
    for (const tex of [
      '{'.repeat(3900) + '}'.repeat(3900),
      '\\frac'.repeat(1500),
      '\\sqrt{'.repeat(1000),
      'x^{'.repeat(2000),
      '\\left('.repeat(1300)
    ])
      mathml(tex, true);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
