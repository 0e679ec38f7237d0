// What the hub answers when it is asked where a large file goes (Git LFS batch): nowhere, as it is there already; whole
// to one address; or in parts of a size, each to its own, and a word to the last address when all are there.

export type Plan =
  | { kind: 'present' }
  | { kind: 'whole'; url: string }
  | { kind: 'parts'; partBytes: number; parts: string[]; completion: string };

interface Action {
  href?: unknown;
  header?: Record<string, unknown>;
}
interface BatchObject {
  oid?: unknown;
  actions?: { upload?: Action };
  error?: { message?: unknown };
}

// The hub may know itself by another name than the browser does; its signed addresses are good under either.
export function sameOrigin(href: string, here: string): string {
  const url = new URL(href, here);
  return url.pathname + url.search;
}

export function readPlan(answer: unknown, sha256: string, size: number, here: string): Plan {
  const objects = (answer as { objects?: BatchObject[] } | null)?.objects;
  const object = Array.isArray(objects) ? objects.find((each) => each.oid === sha256) : undefined;
  if (!object) throw new Error('The hub did not answer about this file.');
  if (object.error) throw new Error(String(object.error.message ?? 'The hub refused this file.'));
  const upload = object.actions?.upload;
  if (!upload) return { kind: 'present' };
  if (typeof upload.href !== 'string') throw new Error('The hub gave no address for this file.');
  const url = sameOrigin(upload.href, here);
  const partBytes = Number(upload.header?.chunk_size);
  if (!(partBytes > 0)) return { kind: 'whole', url };
  const parts = Object.entries(upload.header ?? {})
    .filter(([name, href]) => /^\d+$/.test(name) && typeof href === 'string')
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, href]) => sameOrigin(String(href), here));
  if (parts.length !== Math.ceil(size / partBytes))
    throw new Error('The hub cut this file into too many or too few parts.');
  return { kind: 'parts', partBytes, parts, completion: url };
}

export interface Slice {
  number: number; // from 1
  start: number;
  end: number;
}
export const sliceOf = (number: number, partBytes: number, size: number): Slice => ({
  number,
  start: (number - 1) * partBytes,
  end: Math.min(number * partBytes, size)
});
