// The difference of two texts by lines (Myers), for what is about to be committed. The hub computes those of commits.
import type { DiffFile, DiffHunk } from '#lib/api/types.ts';

const context = 3;
const editsMax = 2000; // texts further apart than this are shown as wholly replaced

interface Edit {
  mark: ' ' | '-' | '+';
  text: string;
}

const linesOf = (text: string) => {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

// The shortest way from a to b: furthest points on each diagonal, kept for each number of edits, then walked back.
function shortestWay(a: string[], b: string[]): Edit[] {
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const most = Math.min(a.length + b.length, editsMax);
  for (let d = 0; d <= most; d++) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      reach.set(k, x);
      if (x >= a.length && y >= b.length) return walkBack(a, b, trace, d);
    }
    if (trace.length * d > 4_000_000) break; // memory has an end, too
  }
  return [...a.map((text): Edit => ({ mark: '-', text })), ...b.map((text): Edit => ({ mark: '+', text }))];
}

function walkBack(a: string[], b: string[], trace: Map<number, number>[], edits: number): Edit[] {
  const way: Edit[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = edits; d > 0; d--) {
    const reach = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const k0 = down ? k + 1 : k - 1;
    const x0 = reach.get(k0) ?? 0;
    const y0 = x0 - k0;
    while (x > x0 && y > y0 && x > 0 && y > 0 && !(x === x0 + (down ? 0 : 1) && y === y0 + (down ? 1 : 0))) {
      way.push({ mark: ' ', text: a[--x]! });
      y--;
    }
    if (down) way.push({ mark: '+', text: b[--y]! });
    else way.push({ mark: '-', text: a[--x]! });
  }
  while (x > 0 && y > 0) {
    way.push({ mark: ' ', text: a[--x]! });
    y--;
  }
  return way.reverse();
}

export function diffTexts(path: string, before: string, after: string): DiffFile {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const same = (text: string): Edit => ({ mark: ' ', text });
  const edits = [
    ...a.slice(Math.max(0, start - context), start).map(same),
    ...shortestWay(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end, a.length - end + context).map(same)
  ];
  const first = Math.max(0, start - context);
  return {
    path,
    status: before === '' ? 'added' : 'modified',
    additions: edits.filter((edit) => edit.mark === '+').length,
    deletions: edits.filter((edit) => edit.mark === '-').length,
    binary: false,
    hunks: hunksOf(edits, first + 1)
  };
}

function hunksOf(edits: Edit[], firstLine: number): DiffHunk[] {
  const hunks: DiffHunk[] = [];
  let hunk: DiffHunk | null = null;
  let before = firstLine;
  let after = firstLine;
  let quiet = 0; // unchanged lines since the last change
  edits.forEach((edit, at) => {
    if (edit.mark !== ' ') {
      if (!hunk) {
        const lead = edits.slice(Math.max(0, at - context), at);
        const shared = lead.length - (lead.findLastIndex((each) => each.mark !== ' ') + 1);
        hunk = {
          oldStart: before - shared,
          newStart: after - shared,
          oldLines: shared,
          newLines: shared,
          header: '',
          lines: []
        };
        hunk.lines.push(...lead.slice(lead.length - shared).map((each) => ' ' + each.text));
        hunks.push(hunk);
      }
      quiet = 0;
    } else {
      quiet += 1;
    }
    if (hunk) {
      hunk.lines.push(edit.mark + edit.text);
      if (edit.mark !== '+') hunk.oldLines += 1;
      if (edit.mark !== '-') hunk.newLines += 1;
    }
    if (edit.mark !== '+') before += 1;
    if (edit.mark !== '-') after += 1;
    if (hunk && quiet >= context) {
      const nextChange = edits.slice(at + 1, at + 1 + context).some((each) => each.mark !== ' ');
      if (!nextChange) {
        hunk = null;
        quiet = 0;
      }
    }
  });
  return hunks;
}
