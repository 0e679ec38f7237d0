// How fast bytes go, over the last seconds.
const windowMs = 6000;

export class Speed {
  private seen: { at: number; bytes: number }[] = [];

  // `bytes` since the beginning; less than before means a new beginning.
  add(bytes: number, at: number): void {
    if (bytes < (this.seen.at(-1)?.bytes ?? 0)) this.seen = [];
    this.seen.push({ at, bytes });
    while (this.seen.length > 2 && at - this.seen[0]!.at > windowMs) this.seen.shift();
  }

  get perSecond(): number {
    const [first, last] = [this.seen[0], this.seen.at(-1)];
    if (!first || !last || last.at === first.at) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}

// 45 s, 12 min, 3 h 5 min
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
