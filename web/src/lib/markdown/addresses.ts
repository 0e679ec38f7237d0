// Where the links and pictures of a card lead. What is relative is meant inside the repository, at the revision shown.
import { repoPage, resolveUrl, revisionPage, type RepoRef } from '#lib/repo/ref.ts';

export interface Place {
  ref: RepoRef;
  revision: string;
  folder?: string; // of the file whose text it is, "" at the top
  origin: string; // of this page; links there are not strangers'
}

export interface Target {
  href: string;
  outside: boolean; // on another host
}

// "a/../b" from `folder`; above the top is the top. Null where the escapes make no sense.
function pathFrom(folder: string, path: string): string | null {
  const out: string[] = [];
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (/[\0\\]/.test(plain)) return null;
  for (const word of `${folder}/${plain}`.split('/')) {
    if (word === '..') out.pop();
    else if (word !== '.' && word !== '') out.push(word);
  }
  return out.join('/');
}

function cut(address: string): { path: string; query: string; hash: string } {
  const found = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(address)!;
  return { path: found[1]!, query: found[2] ?? '', hash: found[3] ?? '' };
}

// Browsers drop these inside addresses; a scheme must not hide behind them.
// eslint-disable-next-line no-control-regex
const clean = (address: string) =>
  address.replace(/[\u0000-\u0020\u007f]+/g, (run) => (/^ +$/.test(run) ? ' ' : '')).trim();

function absolute(address: string, place: Place): URL | null {
  try {
    return new URL(address, `${place.origin}/`);
  } catch {
    return null;
  }
}

// An address on this hub as it stands in a page. "/.//host" has the path "//host", which would lead to another host.
function onHub(url: URL): Target | null {
  return url.pathname.startsWith('//') ? null : { href: url.pathname + url.search + url.hash, outside: false };
}

const hasScheme = (address: string) => /^[a-z][a-z0-9+.-]*:/i.test(address);

// A link. Null: it leads nowhere that a card may lead.
export function linkTarget(raw: string, place: Place): Target | null {
  const address = clean(raw);
  if (address === '') return null;
  if (address.startsWith('#')) return { href: address, outside: false };
  if (hasScheme(address) || address.startsWith('//')) {
    const url = absolute(address, place);
    if (!url || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return null;
    return url.origin === place.origin ? onHub(url) : { href: url.href, outside: url.protocol !== 'mailto:' };
  }
  if (/^[/\\]/.test(address)) {
    // From the top of the hub. "/\host" is another host to a browser.
    const url = absolute(address, place);
    if (!url) return null;
    return url.origin === place.origin ? onHub(url) : { href: url.href, outside: true };
  }
  const { path, query, hash } = cut(address);
  if (path === '') return { href: query + hash, outside: false };
  const inside = pathFrom(place.folder ?? '', path);
  if (inside === null) return null;
  if (inside === '') return { href: repoPage(place.ref) + hash, outside: false };
  const folder = /(^|\/)\.{0,2}$/.test(path);
  return { href: revisionPage(place.ref, folder ? 'tree' : 'blob', place.revision, inside) + hash, outside: false };
}

// Cards that were mirrored name their own pictures by the address they had there.
function ownFile(url: URL, place: Place): string | null {
  if (!/^(www\.)?(huggingface\.co|hf\.co)$/.test(url.hostname)) return null;
  const before = `${repoPage(place.ref)}/`;
  if (!url.pathname.startsWith(before)) return null;
  const found = /^(?:resolve|raw|blob)\/([^/]+)\/(.+)$/.exec(url.pathname.slice(before.length));
  if (!found) return null;
  const path = pathFrom('', found[2]!);
  return path === null ? null : resolveUrl(place.ref, place.revision, path);
}

// The bytes of a picture, a sound or a film.
export function mediaTarget(raw: string, place: Place): Target | null {
  const address = clean(raw);
  if (address === '') return null;
  if (/^data:/i.test(address)) {
    return /^data:image\/(png|gif|jpeg|webp|avif);base64,[a-z0-9+/=\s]+$/i.test(address)
      ? { href: address, outside: false }
      : null;
  }
  if (hasScheme(address) || /^[/\\]/.test(address)) {
    const url = absolute(address, place);
    if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
    if (url.origin !== place.origin) {
      const own = ownFile(url, place);
      return own === null ? { href: url.href, outside: true } : { href: own, outside: false };
    }
    // A page that shows a file is meant as the file.
    const page = /^((?:\/(?:datasets|spaces|kernels))?\/[^/]+\/[^/]+)\/(?:blob|raw)\/(.+)$/.exec(url.pathname);
    if (page) return { href: `${page[1]}/resolve/${page[2]}`, outside: false };
    return onHub(url);
  }
  const inside = pathFrom(place.folder ?? '', cut(address).path);
  return inside ? { href: resolveUrl(place.ref, place.revision, inside), outside: false } : null;
}

// "a.png 1x, b.png 2x": whole, or nothing where one of them is not from here.
export function mediaSet(raw: string, place: Place): string | null {
  if (raw.length > 4000) return null;
  const out: string[] = [];
  for (const each of raw.split(/,\s+|,$/)) {
    const [address, size] = each.trim().split(/\s+/, 2);
    if (!address) continue;
    const target = mediaTarget(address, place);
    if (!target || target.outside || target.href.startsWith('data:')) return null;
    out.push(size && /^[0-9.]+[wx]$/.test(size) ? `${target.href} ${size}` : target.href);
  }
  return out.length > 0 ? out.join(', ') : null;
}
