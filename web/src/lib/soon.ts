// What a page's load asked for. A quick answer is there when the page opens, so that scrolling back finds its place;
// one that takes longer comes later, and the page shows meanwhile that it waits. Failures are shown in the page.

export type Soon<T> =
  { state: 'here'; value: T } | { state: 'failed'; failure: unknown } | { state: 'later'; answer: Promise<T> };

export async function soon<T>(answer: Promise<T>, milliseconds = 250): Promise<Soon<T>> {
  const settled = answer.then(
    (value): Soon<T> => ({ state: 'here', value }),
    (failure: unknown): Soon<T> => ({ state: 'failed', failure })
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<Soon<T>>((resolve) => {
    timer = setTimeout(() => resolve({ state: 'later', answer }), milliseconds);
  });
  const first = await Promise.race([settled, patience]);
  clearTimeout(timer);
  return first;
}
