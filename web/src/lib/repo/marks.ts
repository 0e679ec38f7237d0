// How each type of repository is called and marked where several types stand together.
import Box from '@lucide/svelte/icons/box';
import Database from '@lucide/svelte/icons/database';
import LayoutGrid from '@lucide/svelte/icons/layout-grid';
import type { ListedType } from './listing.ts';

export const listedTypes: ListedType[] = ['model', 'dataset', 'space'];

export const marks = {
  model: { title: 'Models', one: 'model', icon: Box, maker: '/new' },
  dataset: { title: 'Datasets', one: 'dataset', icon: Database, maker: '/new-dataset' },
  space: { title: 'Spaces', one: 'Space', icon: LayoutGrid, maker: '/new-space' }
};
