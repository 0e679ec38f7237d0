// Takes out of strangers' HTML what a browser complains of as soon as it reads it, even where it would never run it:
// handlers, styles, scripts. Without this, reading a hostile card fills the console with reports of the
// Content-Security-Policy, and a report that matters could not be told from them.
//
// It is not what keeps readers safe: sanitize.ts is, which takes whatever comes out of here.

// With all that they hold, which browsers read as text; and by themselves.
const dropped = /^(style|script|title|xmp|noembed|noframes|noscript|iframe|textarea)$/i;
const droppedAlone = /^(base|track|link|meta|object|embed|frame|frameset)$/i;
const loud = /^(on|style$)/i;

const isSpace = (c: string | undefined) => c === ' ' || c === '\n' || c === '\t' || c === '\f' || c === '\r';

export function quiet(html: string): string {
  const out: string[] = [];
  let at = 0;
  let commentsEnd = true; // there is a '-->' ahead
  for (let tag = html.indexOf('<'); tag >= 0; tag = html.indexOf('<', at)) {
    out.push(html.slice(at, tag));
    if (html.startsWith('<!--', tag)) {
      const end: number = commentsEnd ? html.indexOf('-->', tag + 4) : -1;
      commentsEnd = end >= 0;
      if (end < 0 || /^<!---?>/.test(html.slice(tag, tag + 6))) {
        // What a browser makes of it is its own matter.
        out.push('<!--');
        at = tag + 4;
      } else at = end + 3;
      continue;
    }
    const name = /^<([a-zA-Z][^\s/>]{0,60})/.exec(html.slice(tag, tag + 64))?.[1];
    if (name === undefined) {
      out.push('<');
      at = tag + 1;
      continue;
    }
    const attributes = readAttributes(html, tag + 1 + name.length);
    if (dropped.test(name)) {
      const close = new RegExp(`</${name}[\\s/>]`, 'gi');
      close.lastIndex = attributes.end;
      const found = close.exec(html);
      at = found ? found.index : html.length;
      continue;
    }
    at = attributes.end;
    if (!droppedAlone.test(name)) out.push(`<${name}`, attributes.text);
  }
  out.push(html.slice(at));
  return out.join('');
}

// From behind a tag's name to behind its '>', as browsers read it; the names of loud attributes get a prefix.
function readAttributes(html: string, from: number): { text: string; end: number } {
  const out: string[] = [];
  let at = from;
  while (at < html.length && html[at] !== '>') {
    const begin = at;
    while (isSpace(html[at]) || html[at] === '/') at += 1;
    out.push(html.slice(begin, at));
    const nameAt = at;
    while (at < html.length && !isSpace(html[at]) && !'/>'.includes(html[at]!) && (html[at] !== '=' || at === nameAt))
      at += 1;
    const name = html.slice(nameAt, at);
    if (name === '') continue;
    const valueAt = at;
    while (isSpace(html[at])) at += 1;
    if (html[at] === '=') {
      at += 1;
      while (isSpace(html[at])) at += 1;
      const quote = html[at];
      if (quote === '"' || quote === "'") {
        const end = html.indexOf(quote, at + 1);
        at = end < 0 ? html.length : end + 1;
      } else while (at < html.length && !isSpace(html[at]) && html[at] !== '>') at += 1;
    } else at = valueAt;
    out.push(loud.test(name) ? `data-${name}` : name, html.slice(valueAt, at));
  }
  if (html[at] === '>') at += 1;
  out.push(html.slice(Math.max(from, at - 1), at) === '>' ? '>' : '');
  return { text: out.join(''), end: at };
}
