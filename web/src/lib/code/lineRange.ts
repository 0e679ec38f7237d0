// Lines that an address points at: #L10, #L10-L20.

export interface LineRange {
  from: number;
  to: number;
}

export function readLineRange(hash: string): LineRange | null {
  const found = /^#?L(\d{1,9})(?:C\d+)?(?:-L?(\d{1,9})(?:C\d+)?)?$/.exec(hash);
  if (!found) return null;
  const a = Number(found[1]);
  const b = found[2] === undefined ? a : Number(found[2]);
  if (a === 0 || b === 0) return null;
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

export const writeLineRange = ({ from, to }: LineRange) => (from === to ? `#L${from}` : `#L${from}-L${to}`);
