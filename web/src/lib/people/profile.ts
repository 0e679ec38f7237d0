// A user or an organization, as its page shows it.
import { ApiError, get } from '#lib/api/client.ts';
import type { Role } from '#lib/api/types.ts';

export interface Profile {
  kind: 'user' | 'org';
  name: string;
  fullname: string;
  details: string;
  homepage: string; // "" where there is none, or none that may be a link
  createdAt: string | null;
  orgs: { name: string; fullname: string }[]; // of a user
  members: number; // of an organization
}

export interface Member {
  user: string;
  fullname: string;
  role?: Role;
}

interface Overview {
  user?: string;
  name?: string;
  fullname?: string;
  details?: string | null;
  homepage?: string | null;
  createdAt?: string;
  orgs?: { name: string; fullname: string }[];
  numUsers?: number;
}

// People write anything there; only an address of the web becomes a link.
export function webAddress(text: string | null | undefined): string {
  if (!text) return '';
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  try {
    const url = new URL(whole);
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname.includes('.') ? url.href : '';
  } catch {
    return '';
  }
}

const read = (kind: Profile['kind'], overview: Overview): Profile => ({
  kind,
  name: overview.user ?? overview.name ?? '',
  fullname: overview.fullname ?? '',
  details: overview.details ?? '',
  homepage: webAddress(overview.homepage),
  createdAt: overview.createdAt ?? null,
  orgs: overview.orgs ?? [],
  members: overview.numUsers ?? 0
});

// One name is either; the address does not tell which.
export async function findProfile(name: string): Promise<Profile> {
  const ask = (kind: Profile['kind']) =>
    get<Overview>(`/api/${kind === 'user' ? 'users' : 'organizations'}/${encodeURIComponent(name)}/overview`).then(
      (overview) => read(kind, overview),
      (failure: unknown) => {
        if (failure instanceof ApiError && failure.status === 404) return null;
        throw failure;
      }
    );
  const [user, org] = await Promise.all([ask('user'), ask('org')]);
  const found = user ?? org;
  if (!found) throw new ApiError(404, 'Not found');
  return found;
}
