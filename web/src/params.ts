import { defineParams } from '@sveltejs/kit/params';

export const params = defineParams({
  // What stands before namespace/name for everything but a model.
  kind: (word) => (word === 'datasets' || word === 'spaces' || word === 'kernels' ? word : undefined)
});
