// Who is here and what this hub is. The server puts it into the shell (#boot); after signing in or out, and
// where the shell carries nothing, it is asked.

import { get } from '#lib/api/client.ts';
import type { Me, Repo, Rights, Site } from '#lib/api/types.ts';

interface Boot {
  site?: Site;
  repo?: Repo;
  rights?: Rights;
}

function readBoot(): Boot {
  const text = document.getElementById('boot')?.textContent;
  return text ? (JSON.parse(text) as Boot) : {};
}

const boot = readBoot();

class Session {
  site = $state<Site | null>(boot.site ?? null);

  get user(): Me | null {
    return this.site?.user ?? null;
  }

  // The address that clients use: what the operator says, else what the browser shows.
  get endpoint(): string {
    return this.site?.publicUrl || location.origin;
  }

  async load(): Promise<Site> {
    this.site ??= await get<Site>('/api/site');
    return this.site;
  }

  async reload(): Promise<void> {
    this.site = await get<Site>('/api/site');
  }
}

export const session = new Session();

// The repository that came with the shell; only the first page may have it, later ones ask anew.
export function takeBootRepo(id: string): { repo: Repo; rights: Rights } | null {
  const { repo, rights } = boot;
  boot.repo = undefined;
  return repo && rights && repo.id === id ? { repo, rights } : null;
}
