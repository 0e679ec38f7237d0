// Tables in text: commas or tabs between cells, quotes around what holds them (RFC 4180). Reads as far as it is asked.

export interface Table {
  head: string[];
  rows: string[][];
  more: boolean; // there are rows beyond those read
  wide: boolean; // some had more cells than are kept
}

export function readTable(text: string, separator: ',' | '\t' | ';', rowsMax: number, cellsMax: number): Table {
  const rows: string[][] = [];
  let row: string[] = [];
  let wide = false;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const keep = (cell: string) => {
    if (row.length < cellsMax) row.push(cell);
    else wide = true;
  };
  while (at < text.length && rows.length <= rowsMax) {
    let cell = '';
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) {
          cell += text.slice(at);
          at = text.length;
          break;
        }
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
    }
    const start = at;
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++;
    keep(cell + text.slice(start, at));
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) keep('');
      else continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  const more = at < text.length || rows.length > rowsMax + 1;
  const [head = [], ...rest] = rows;
  const width = Math.max(head.length, ...rest.map((each) => each.length), 0);
  while (head.length < width) head.push('');
  return { head, rows: rest.slice(0, rowsMax), more, wide };
}

// Semicolons where the first line has more of them than commas.
export function separatorOf(path: string, text: string): ',' | '\t' | ';' {
  if (/\.tsv$/i.test(path)) return '\t';
  const line = text.slice(0, text.indexOf('\n') >>> 0);
  const count = (c: string) => line.split(c).length;
  if (count('\t') > count(',') && count('\t') > count(';')) return '\t';
  return count(';') > count(',') ? ';' : ',';
}

// Numbers by size, everything else as words; empty cells last.
const words = new Intl.Collator('en', { numeric: true });
export function compareCells(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return words.compare(a, b);
}
