import type { TreeEntry } from '#lib/api/types.ts';
import type { RepoRef } from '#lib/repo/ref.ts';
import type { Place } from '../revision.ts';

export interface ViewProps {
  ref: RepoRef;
  place: Place;
  entry: TreeEntry;
  url: string; // of the file's bytes
  text: string | null; // what the view has read, for the bar above it
}
