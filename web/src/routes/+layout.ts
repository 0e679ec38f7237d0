import { orFail } from '#lib/load.ts';
import { session } from '#lib/session.svelte.ts';

export const ssr = false;
export const prerender = false;

export async function load() {
  return { site: await orFail(session.load()) };
}
