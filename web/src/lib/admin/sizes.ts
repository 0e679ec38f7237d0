// Sizes as an operator types them: "500 GiB", "1.5TB", "250000000".

const factors: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50
};

// Bytes; null when the text is no size.
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim().toLowerCase());
  const factor = factors[match?.[2] ?? 'none'];
  if (!match || factor === undefined) return null;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

// The shortest text that parses to exactly this.
export function sizeText(bytes: number): string {
  for (const unit of ['PiB', 'PB', 'TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']) {
    const factor = factors[unit.toLowerCase()] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor} ${unit}`;
  }
  return String(bytes);
}

export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1]
  ];
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return '0 seconds';
  return units
    .slice(at, at + 2)
    .map(([name, size], n) => {
      const larger = n === 0 ? Infinity : (units[at]?.[1] ?? Infinity);
      const many = Math.floor((seconds % larger) / size);
      return many === 0 && n > 0 ? '' : `${many} ${name}${many === 1 ? '' : 's'}`;
    })
    .filter((text) => text !== '')
    .join(', ');
}
