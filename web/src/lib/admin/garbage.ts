// The steps in which large files go, in the order in which they happen.
import type { GarbageReport } from '#lib/api/admin.ts';

export interface GarbageRow {
  what: string;
  count: number;
  bytes: number;
}

export function garbageRows(report: GarbageReport): GarbageRow[] {
  const row = (what: string, { count, bytes }: { count: number; bytes: number }) => ({ what, count, bytes });
  return [
    row('Marked: files of a repository that nothing in it reaches', report.linksCondemned),
    row('Taken out of their repository, after a day marked', report.linksRemoved),
    row('Dropped: files that are in no repository', report.filesDropped),
    row('Marked: packs of chunks that are in no file', report.xorbsCondemned),
    row('Removed from the disk: such packs, after a day marked', report.xorbsRemoved),
    row('Removed from the disk: remains of uploads that never ended', report.straysRemoved)
  ];
}
