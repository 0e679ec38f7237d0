// Jupyter notebooks, versions 3 and 4, as a page shows them.

export type Output =
  | { kind: 'text'; text: string; bad?: boolean }
  | { kind: 'html'; text: string }
  | { kind: 'markdown'; text: string }
  | { kind: 'image'; url: string };
export interface Cell {
  kind: 'markdown' | 'code' | 'raw';
  text: string;
  count: number | null;
  outputs: Output[];
}
export interface Notebook {
  language: string;
  cells: Cell[];
}

const outputCharactersMax = 100_000;

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('');
  return value === null || value === undefined ? '' : JSON.stringify(value, null, 2);
}

const bounded = (text: string) =>
  text.length <= outputCharactersMax ? text : `${text.slice(0, outputCharactersMax)}\n… (${text.length} characters)`;

// Colours and cursor movements of terminals.
// The escape character is what begins them.
const escapes = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007|[@-Z\\-_])/g;
export const plainOf = (text: string) => text.replace(escapes, '').replace(/[^\n]*\r(?!\n)/g, '');

type Json = Record<string, unknown>;
const objectOf = (value: unknown): Json => (value !== null && typeof value === 'object' ? (value as Json) : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const images: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp'
};
// Keys of version 3.
const shortNames: Record<string, string> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  svg: 'image/svg+xml',
  html: 'text/html',
  text: 'text/plain'
};

function richest(data: Json): Output | null {
  for (const [type, name] of Object.entries(images)) {
    if (!(type in data)) continue;
    const base64 = textOf(data[type]).replace(/\s/g, '');
    if (/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return { kind: 'image', url: `data:image/${name};base64,${base64}` };
  }
  // As the source of an <img>: there it can run nothing and load nothing.
  if ('image/svg+xml' in data)
    return {
      kind: 'image',
      url: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(textOf(data['image/svg+xml']))}`
    };
  if ('text/html' in data) return { kind: 'html', text: bounded(textOf(data['text/html'])) };
  if ('text/markdown' in data) return { kind: 'markdown', text: bounded(textOf(data['text/markdown'])) };
  if ('text/latex' in data) return { kind: 'markdown', text: bounded(textOf(data['text/latex'])) };
  if ('application/json' in data) return { kind: 'text', text: bounded(textOf(data['application/json'])) };
  if ('text/plain' in data) return { kind: 'text', text: bounded(plainOf(textOf(data['text/plain']))) };
  return null;
}

function outputsOf(list: unknown[]): Output[] {
  const outputs: Output[] = [];
  for (const each of list.map(objectOf)) {
    if (each.output_type === 'stream') {
      const text = bounded(plainOf(textOf(each.text)));
      const bad = each.name === 'stderr' || each.stream === 'stderr';
      const last = outputs.at(-1);
      if (last?.kind === 'text' && !!last.bad === bad) last.text = bounded(last.text + text);
      else outputs.push({ kind: 'text', text, bad });
    } else if (each.output_type === 'error' || each.output_type === 'pyerr') {
      const trace = plainOf(listOf(each.traceback).map(textOf).join('\n'));
      outputs.push({
        kind: 'text',
        text: bounded(trace || `${textOf(each.ename)}: ${textOf(each.evalue)}`),
        bad: true
      });
    } else {
      const data =
        'data' in each
          ? objectOf(each.data)
          : Object.fromEntries(Object.entries(each).map(([key, value]) => [shortNames[key] ?? key, value]));
      const output = richest(data);
      if (output) outputs.push(output);
    }
  }
  return outputs;
}

// Throws where the text is no notebook.
export function readNotebook(text: string): Notebook {
  const root = objectOf(JSON.parse(text));
  const metadata = objectOf(root.metadata);
  const language = textOf(objectOf(metadata.language_info).name ?? objectOf(metadata.kernelspec).language) || 'python';
  const cells = Array.isArray(root.cells)
    ? root.cells
    : listOf(root.worksheets).flatMap((sheet) => listOf(objectOf(sheet).cells));
  if (!Array.isArray(root.cells) && !Array.isArray(root.worksheets)) throw new Error('This is not a notebook.');
  return {
    language,
    cells: cells.map(objectOf).map((cell): Cell => {
      const type = cell.cell_type;
      const source = textOf(cell.source ?? cell.input);
      if (type === 'heading')
        return { kind: 'markdown', text: `${'#'.repeat(Number(cell.level) || 1)} ${source}`, count: null, outputs: [] };
      return {
        kind: type === 'code' ? 'code' : type === 'markdown' ? 'markdown' : 'raw',
        text: source,
        count: Number(cell.execution_count ?? cell.prompt_number ?? NaN) || null,
        outputs: type === 'code' ? outputsOf(listOf(cell.outputs)) : []
      };
    })
  };
}
