// What the browser remembers between visits: hashes of files it has read, and uploads that did not end.
// Nothing depends on it; where storage is closed, everything is only slower.

const hashesMax = 2000;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open('embrace-uploads', 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('hashes');
      asked.result.createObjectStore('unfinished');
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function use<T>(
  store: 'hashes' | 'unfinished',
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>
): Promise<T | null> {
  try {
    const database = await open();
    try {
      return await new Promise<T>((resolve, reject) => {
        const asked = ask(database.transaction(store, mode).objectStore(store));
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

// Files in two folders may be alike in these: whoever takes a hash from here has it checked.
const keyOf = (file: File) => `${file.name}\n${file.size}\n${file.lastModified}`;

export async function rememberedHash(file: File): Promise<string | null> {
  const found = await use('hashes', 'readonly', (store) => store.get(keyOf(file)) as IDBRequest<string | undefined>);
  return found ?? null;
}

export async function rememberHash(file: File, sha256: string): Promise<void> {
  const count = await use('hashes', 'readonly', (store) => store.count());
  if ((count ?? 0) >= hashesMax) await use('hashes', 'readwrite', (store) => store.clear());
  await use('hashes', 'readwrite', (store) => store.put(sha256, keyOf(file)));
}

export const forgetHash = (file: File) => use('hashes', 'readwrite', (store) => store.delete(keyOf(file)));

export interface Unfinished {
  files: { path: string; size: number }[]; // the large ones
  at: number;
}
export const rememberUnfinished = (place: string, unfinished: Unfinished) =>
  use('unfinished', 'readwrite', (store) => store.put(unfinished, place));
export const forgetUnfinished = (place: string) => use('unfinished', 'readwrite', (store) => store.delete(place));
export const unfinishedAt = (place: string) =>
  use('unfinished', 'readonly', (store) => store.get(place) as IDBRequest<Unfinished | undefined>).then(
    (found) => found ?? null
  );
