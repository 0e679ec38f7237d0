import { describe, expect, it } from 'vitest';
import { compareCells, readTable, separatorOf } from './csv.ts';

const read = (text: string, separator: ',' | '\t' | ';' = ',', rows = 100, cells = 100) =>
  readTable(text, separator, rows, cells);

describe('tables', () => {
  it('reads quotes, commas and line ends inside them', () => {
    expect(read('a,b\r\n"x, ""y""","1\n2"\n').rows).toEqual([['x, "y"', '1\n2']]);
    expect(read('a\tb\n1\t2', '\t')).toEqual({ head: ['a', 'b'], rows: [['1', '2']], more: false, wide: false });
  });
  it('keeps empty cells, drops empty lines', () => {
    expect(read('a,b,c\n,,\n\n1,,').rows).toEqual([
      ['', '', ''],
      ['1', '', '']
    ]);
  });
  it('is bounded', () => {
    const text = 'a,b\n' + '1,2\n'.repeat(1000);
    const table = read(text, ',', 10, 1);
    expect(table.rows.length).toBe(10);
    expect(table.more).toBe(true);
    expect(table.wide).toBe(true);
    expect(read('a\n1\n2\n', ',', 2).more).toBe(false);
  });
  it('takes an open quote to the end', () => expect(read('a\n"never closed').rows).toEqual([['never closed']]));
  it('skips a byte order mark', () => expect(read('\ufeffa,b\n').head).toEqual(['a', 'b']));
  it('guesses the separator', () => {
    expect(separatorOf('x.tsv', 'a,b')).toBe('\t');
    expect(separatorOf('x.csv', 'a;b;c\n1,5;2;3')).toBe(';');
    expect(separatorOf('x.csv', 'a,b')).toBe(',');
  });
  it('sorts numbers by size', () => {
    expect(['10', '9', '', 'b', 'a'].sort(compareCells)).toEqual(['9', '10', 'a', 'b', '']);
  });
});
