// The head of a safetensors file: eight bytes that say how long it is, then JSON. Read by ranges; the weights stay
// where they are.
import { request } from '#lib/api/client.ts';

export interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  parameters: number;
  bytes: number;
  file?: string;
}
export interface Head {
  tensors: Tensor[];
  metadata: Record<string, string>;
}

export const headBytesMax = 25_000_000;
const firstBytes = 100_000; // enough for most heads, so one question is enough

async function range(url: string, from: number, to: number, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await request(url, { signal, headers: { Range: `bytes=${from}-${to}` } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Who ignores the range sends all of it.
  return response.status === 206 ? bytes : bytes.subarray(from, to + 1);
}

export function headLength(first: Uint8Array): number {
  if (first.length < 8) throw new Error('The file is too short to be safetensors.');
  const length = Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));
  if (length < 2) throw new Error('The file has no safetensors header.');
  if (length > headBytesMax)
    throw new Error(`The header claims ${length} bytes; more than ${headBytesMax} are not read.`);
  return length;
}

export function readHead(json: string): Head {
  const root: unknown = JSON.parse(json);
  if (root === null || typeof root !== 'object' || Array.isArray(root)) throw new Error('The header is not an object.');
  const head: Head = { tensors: [], metadata: {} };
  for (const [name, value] of Object.entries(root as Record<string, unknown>)) {
    if (value === null || typeof value !== 'object') throw new Error(`The header’s entry “${name}” is no tensor.`);
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(value)) head.metadata[key] = String(text);
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (typeof dtype !== 'string' || !whole(shape) || !whole(offsets) || offsets.length !== 2)
      throw new Error(`The header’s entry “${name}” is no tensor.`);
    head.tensors.push({
      name,
      dtype,
      shape,
      parameters: shape.reduce((product, n) => product * n, 1),
      bytes: offsets[1]! - offsets[0]!
    });
  }
  return head;
}

export async function loadHead(url: string, size: number, signal?: AbortSignal): Promise<Head> {
  const first = await range(url, 0, Math.min(size, firstBytes) - 1, signal);
  const length = headLength(first);
  if (8 + length > size) throw new Error('The header is longer than the file.');
  const bytes = 8 + length <= first.length ? first.subarray(8, 8 + length) : await range(url, 8, 7 + length, signal);
  if (bytes.length !== length) throw new Error('The header did not come whole.');
  return readHead(new TextDecoder().decode(bytes));
}

export interface ShardIndex {
  totalBytes: number | null;
  files: { name: string; tensors: string[] }[];
}

export function readShardIndex(json: string): ShardIndex {
  const root = JSON.parse(json) as { weight_map?: unknown; metadata?: { total_size?: unknown } };
  if (root === null || typeof root !== 'object' || root.weight_map === null || typeof root.weight_map !== 'object')
    throw new Error('The index has no weight_map.');
  const files = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(root.weight_map as Record<string, unknown>)) {
    const list = files.get(String(file)) ?? [];
    list.push(tensor);
    files.set(String(file), list);
  }
  const total = Number(root.metadata?.total_size);
  return {
    totalBytes: Number.isFinite(total) ? total : null,
    files: [...files]
      .map(([name, tensors]) => ({ name, tensors }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  };
}

export interface DtypeTotal {
  dtype: string;
  parameters: number;
  bytes: number;
}
export function totalsOf(tensors: Tensor[]): DtypeTotal[] {
  const totals = new Map<string, DtypeTotal>();
  for (const { dtype, parameters, bytes } of tensors) {
    const total = totals.get(dtype) ?? { dtype, parameters: 0, bytes: 0 };
    total.parameters += parameters;
    total.bytes += bytes;
    totals.set(dtype, total);
  }
  return [...totals.values()].sort((a, b) => b.parameters - a.parameters);
}
