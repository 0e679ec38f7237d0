import { describe, expect, it } from 'vitest';
import { plainOf, readNotebook } from './notebook.ts';

const one = (outputs: unknown[]) =>
  readNotebook(JSON.stringify({ cells: [{ cell_type: 'code', source: ['a\n', 'b'], execution_count: 3, outputs }] }))
    .cells[0]!;

describe('notebooks', () => {
  it('joins lines and streams', () => {
    const cell = one([
      { output_type: 'stream', name: 'stdout', text: ['x\n'] },
      { output_type: 'stream', name: 'stdout', text: 'y' },
      { output_type: 'stream', name: 'stderr', text: 'z' }
    ]);
    expect(cell).toMatchObject({ kind: 'code', text: 'a\nb', count: 3 });
    expect(cell.outputs).toEqual([
      { kind: 'text', text: 'x\ny', bad: false },
      { kind: 'text', text: 'z', bad: true }
    ]);
  });
  it('takes the richest form of a result', () => {
    expect(one([{ output_type: 'display_data', data: { 'image/png': 'AAAA\n', 'text/plain': 'x' } }]).outputs).toEqual([
      { kind: 'image', url: 'data:image/png;base64,AAAA' }
    ]);
    expect(one([{ output_type: 'execute_result', data: { 'text/html': ['<b>', 'x</b>'] } }]).outputs[0]?.kind).toBe(
      'html'
    );
  });
  it('lets no picture be something else', () => {
    expect(one([{ output_type: 'display_data', data: { 'image/png': '"><script>' } }]).outputs).toEqual([]);
    const [svg] = one([{ output_type: 'display_data', data: { 'image/svg+xml': '<svg onload="x"/>' } }]).outputs;
    expect(svg).toMatchObject({ kind: 'image' });
    expect(JSON.stringify(svg)).not.toContain('<svg');
  });
  it('drops what terminals understand', () => {
    expect(plainOf('\u001b[0;31mred\u001b[0m')).toBe('red');
    expect(plainOf('10%\r100%\ndone')).toBe('100%\ndone');
  });
  it('reads version 3', () => {
    const text = JSON.stringify({
      worksheets: [
        {
          cells: [
            { cell_type: 'heading', level: 2, source: 'T' },
            { cell_type: 'code', input: 'x', outputs: [{ output_type: 'pyout', text: ['4'] }] }
          ]
        }
      ]
    });
    expect(readNotebook(text).cells.map((c) => [c.kind, c.text])).toEqual([
      ['markdown', '## T'],
      ['code', 'x']
    ]);
  });
  it('refuses other JSON', () => {
    expect(() => readNotebook('{}')).toThrow();
    expect(() => readNotebook('[')).toThrow();
    expect(() => readNotebook('{"cells":[null, 3, {"cell_type":"code","outputs":7}]}')).not.toThrow();
  });
});
