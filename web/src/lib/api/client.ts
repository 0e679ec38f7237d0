// One way to ask the hub. Same origin, JSON, the session's cookie; an answer that is no success becomes an
// ApiError that carries what the server said, so pages can show it as it is.

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: the server could not be reached
    message: string,
    readonly code: string | null = null // X-Error-Code: RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export type Query = Record<string, string | number | boolean | string[] | undefined | null>;

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each));
  }
  const text = search.toString();
  return text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

type Fetch = typeof fetch;

async function errorOf(response: Response): Promise<ApiError> {
  let message = response.headers.get('X-Error-Message') ?? '';
  if (message === '') {
    const text = await response.text().catch(() => '');
    try {
      const said: unknown = JSON.parse(text);
      if (said !== null && typeof said === 'object' && 'error' in said) message = String(said.error);
    } catch {
      message = text.slice(0, 300);
    }
  }
  return new ApiError(
    response.status,
    message || `The server answered ${response.status}`,
    response.headers.get('X-Error-Code')
  );
}

// The answer, whatever its body is.
export async function request(path: string, init: RequestInit = {}, fetcher: Fetch = fetch): Promise<Response> {
  let response: Response;
  try {
    response = await fetcher(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server cannot be reached. Check the connection, then try again.');
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await request(withQuery(path, query), { signal, headers: { Accept: 'application/json' } });
  return (await response.json()) as T;
}

export async function send<T = void>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown
): Promise<T> {
  const response = await request(path, {
    method,
    headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body)
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

// A page of a list: what is on it, where the next one is, and how many there are in all where the server counts.
export interface Page<T> {
  items: T[];
  next: string | null;
  total: number | null;
  totalIsLeast: boolean; // there are at least `total`
}

export async function getPage<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Page<T>> {
  const response = await request(withQuery(path, query), { signal, headers: { Accept: 'application/json' } });
  const link = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '');
  const total = response.headers.get('X-Total-Count');
  const next = link?.[1] ? new URL(link[1], location.href) : null;
  return {
    items: (await response.json()) as T[],
    next: next && next.pathname + next.search,
    total: total === null ? null : Number(total),
    totalIsLeast: response.headers.get('X-Total-Count-Capped') === 'true'
  };
}
