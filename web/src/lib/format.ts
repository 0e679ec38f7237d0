// How numbers, sizes and times read.

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

// Decimal, as the Hub shows sizes: 1.23 GB.
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

// 999, 1.2k, 34.5M, 7.24B: downloads and parameters.
export function count(value: number): string {
  for (const [size, letter] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k']
  ] as const) {
    // 999,950 is 1M, not 1000k.
    if (value >= size * 0.99995) {
      const short = value / size;
      return `${short >= 99.95 ? short.toFixed(0) : short.toFixed(short >= 9.995 ? 1 : 2).replace(/\.?0+$/, '')}${letter}`;
    }
  }
  return String(value);
}

export const plural = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString('en')} ${many === 1 ? one : more}`;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86400],
  ['month', 30 * 86400],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60]
];

export function ago(date: string, now = Date.now()): string {
  const seconds = (new Date(date).getTime() - now) / 1000;
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return 'just now';
}

export const fullDate = (date: string) =>
  new Date(date).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' });

export const shortSha = (sha: string) => sha.slice(0, 7);
