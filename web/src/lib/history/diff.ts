// How the lines of a diff stand on the page: one under the other, or old and new side by side.
import type { DiffFile, DiffHunk } from '#lib/api/types.ts';

export interface Line {
  kind: 'same' | 'added' | 'removed';
  text: string;
  old: number | null;
  new: number | null;
}

export function linesOf(hunk: DiffHunk): Line[] {
  let before = hunk.oldStart;
  let after = hunk.newStart;
  const lines: Line[] = [];
  for (const line of hunk.lines) {
    const text = line.slice(1);
    if (line[0] === '+') lines.push({ kind: 'added', text, old: null, new: after++ });
    else if (line[0] === '-') lines.push({ kind: 'removed', text, old: before++, new: null });
    else if (line[0] === ' ') lines.push({ kind: 'same', text, old: before++, new: after++ });
  }
  return lines;
}

export type Pair = [Line | null, Line | null];

// What was removed stands beside what came in its place, line by line.
export function pairsOf(lines: Line[]): Pair[] {
  const pairs: Pair[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    if (line.kind === 'same') {
      pairs.push([line, line]);
      at += 1;
      continue;
    }
    const removed: Line[] = [];
    const added: Line[] = [];
    while (at < lines.length && lines[at]!.kind !== 'same') {
      const each = lines[at++]!;
      (each.kind === 'removed' ? removed : added).push(each);
    }
    for (let i = 0; i < Math.max(removed.length, added.length); i++) pairs.push([removed[i] ?? null, added[i] ?? null]);
  }
  return pairs;
}

// Where two lines differ: what they share at both ends stays plain. Null when they share too little to be one line.
export function changedPart(before: string, after: string): { start: number; oldEnd: number; newEnd: number } | null {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  if (start + end < 3 || start + end < Math.max(before.length, after.length) * 0.3) return null;
  return { start, oldEnd: before.length - end, newEnd: after.length - end };
}

export const changedLines = (file: DiffFile) => file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
