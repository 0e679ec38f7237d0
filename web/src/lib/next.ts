// Where to go after signing in: `next` of the address, if it lies on this hub. Anything else would let a link send
// people who just typed a password to a stranger.

export function nextPlace(next: string | null, origin: string): string {
  if (!next?.startsWith('/')) return '/';
  try {
    const url = new URL(next, origin);
    // "/.//host" has the path "//host", which is another host once it stands alone.
    if (url.origin !== origin || url.pathname.startsWith('//') || /^\/(login|logout|join)(\/|$)/.test(url.pathname))
      return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}

// The server's own pages and answers are not the application's: they are fetched anew.
export const isServers = (place: string) => /^\/(api|oauth)\//.test(place);
