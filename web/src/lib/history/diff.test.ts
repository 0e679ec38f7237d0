import { describe, expect, it } from 'vitest';
import { changedPart, linesOf, pairsOf } from './diff.ts';
import { diffTexts } from './lineDiff.ts';

const hunk = { oldStart: 5, oldLines: 3, newStart: 5, newLines: 3, header: '', lines: [' a', '-b', '-c', '+B', ' d'] };

describe('lines of a hunk', () => {
  it('numbers both sides', () => {
    expect(linesOf(hunk).map((l) => [l.kind, l.old, l.new])).toEqual([
      ['same', 5, 5],
      ['removed', 6, null],
      ['removed', 7, null],
      ['added', null, 6],
      ['same', 8, 7]
    ]);
  });
  it('sets old beside new', () => {
    expect(pairsOf(linesOf(hunk)).map(([l, r]) => [l?.text, r?.text])).toEqual([
      ['a', 'a'],
      ['b', 'B'],
      ['c', undefined],
      ['d', 'd']
    ]);
  });
  it('finds the changed part of a line', () => {
    expect(changedPart('let x = 1;', 'let x = 22;')).toEqual({ start: 8, oldEnd: 9, newEnd: 10 });
    expect(changedPart('abc', 'xyz')).toBeNull();
  });
});

// Applies a diff, so that a wrong one cannot pass for a right one.
function apply(before: string, file: ReturnType<typeof diffTexts>): string {
  const lines = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const out: string[] = [];
  let at = 0;
  for (const each of file.hunks) {
    while (at < each.oldStart - 1) out.push(lines[at++]!);
    expect(out.length).toBe(each.newStart - 1);
    for (const line of each.lines) {
      if (line[0] === '+') out.push(line.slice(1));
      else {
        expect(lines[at]).toBe(line.slice(1));
        if (line[0] === ' ') out.push(lines[at]!);
        at++;
      }
    }
  }
  while (at < lines.length) out.push(lines[at++]!);
  return out.join('\n');
}

describe('difference of two texts', () => {
  it('is nothing for equal texts', () => expect(diffTexts('a', 'x\ny\n', 'x\ny\n').hunks).toEqual([]));
  it('keeps three lines around', () => {
    const before = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n');
    const file = diffTexts('a', before, before.replace('line 10', 'ten').replace('line 30', 'thirty'));
    expect(file.hunks.map((h) => [h.oldStart, h.oldLines, h.newStart, h.newLines])).toEqual([
      [8, 7, 8, 7],
      [28, 7, 28, 7]
    ]);
    expect([file.additions, file.deletions]).toEqual([2, 2]);
  });
  it('can be applied, whatever the texts', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    for (let round = 0; round < 300; round++) {
      const before = Array.from({ length: random(30) }, () => `l${random(6)}`);
      const after = before.flatMap((l) => (random(4) === 0 ? (random(2) ? [] : [l, `n${random(9)}`]) : [l]));
      const [a, b] = [before.join('\n'), after.join('\n')];
      expect(apply(a, diffTexts('f', a, b))).toBe(b);
    }
  });
  it('ends on texts that share nothing', () => {
    const a = Array.from({ length: 9000 }, (_, i) => `a${i}`).join('\n');
    const b = Array.from({ length: 9000 }, (_, i) => `b${i}`).join('\n');
    const started = performance.now();
    expect(diffTexts('f', a, b).additions).toBe(9000);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
