// Pages of a list go forward by cursor. The way back is remembered per list, as long as the browser's tab is open:
// which cursor began each page that was seen.

interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

function read(store: Store, list: string): string[] {
  try {
    const trail: unknown = JSON.parse(store.getItem(`trail:${list}`) ?? '[]');
    return Array.isArray(trail) ? trail.map(String) : [];
  } catch {
    return []; // storage is closed to us, or holds something else
  }
}

// `list` names the list, page 1 has no cursor.
export function remember(list: string, page: number, cursor: string, store: Store = sessionStorage) {
  if (page < 2 || cursor === '') return;
  const trail = read(store, list).slice(0, page - 1);
  while (trail.length < page - 1) trail.push('');
  trail[page - 1] = cursor;
  try {
    store.setItem(`trail:${list}`, JSON.stringify(trail));
  } catch {
    // No way back by page then: the first page is always reachable.
  }
}

// Where the page before this one begins: a cursor, '' for the first page, null where nobody knows.
export function before(list: string, page: number, store: Store = sessionStorage): string | null {
  if (page <= 2) return '';
  return read(store, list)[page - 2] || null;
}
