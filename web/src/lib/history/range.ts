// Two revisions with dots between them, in an address: main..refs%2Fpr%2F3. Two dots or three mean the same here:
// what the second has done since it left the first.

export interface Range {
  base: string;
  head: string;
}

export function readRange(text: string): Range {
  const dots = /\.{2,3}/.exec(text);
  if (!dots) return { base: 'main', head: text };
  return { base: text.slice(0, dots.index), head: text.slice(dots.index + dots[0].length) };
}

export const writeRange = ({ base, head }: Range) => `${encodeURIComponent(base)}..${encodeURIComponent(head)}`;
