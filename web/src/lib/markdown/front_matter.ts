// A card is YAML between two lines of `---`, then Markdown. The rule is the hub's own (src/hub/front_matter.cc).

export interface Card {
  yaml: string | null; // null: there is none
  body: string;
}

export function splitFrontMatter(text: string): Card {
  const start = /^\uFEFF?\s*?---[ \t]*\r?\n/.exec(text.slice(0, 2000))?.[0];
  if (start === undefined) return { yaml: null, body: text.replace(/^\uFEFF/, '') };
  for (let from = start.length; from <= text.length;) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    if (line.trimEnd() === '---') {
      return { yaml: text.slice(start.length, from), body: end < 0 ? '' : text.slice(end + 1) };
    }
    if (end < 0) break;
    from = end + 1;
  }
  return { yaml: null, body: text };
}
