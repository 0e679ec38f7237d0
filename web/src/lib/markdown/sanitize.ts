// Strangers' HTML made safe. DOMPurify keeps a closed list of tags and attributes; then, still in a document of its own
// that runs and loads nothing, every address is resolved, and pictures from other hosts become links.
import createDOMPurify, { type Config, type DOMPurify } from 'dompurify';
import { linkTarget, mediaSet, mediaTarget, type Place } from './addresses.ts';
import { quiet } from './quiet.ts';

const tags = (
  'a abbr article aside audio b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl dt em ' +
  'figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img input ins kbd li main mark ol p picture pre q rp rt ruby s samp ' +
  'section small source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr'
).split(' ');

const attributes = (
  'align alt checked class colspan controls datetime dir disabled headers height href id lang loop media muted name open poster ' +
  'reversed rowspan scope span src srcset start title type valign value width'
).split(' ');

// The only classes that pass: those that parse.ts writes. Others could dress strangers' words as the page's own.
const classes =
  /^(math-block|math-inline|alert|alert-(note|tip|important|warning|caution)|alert-title|anchor|footnotes|footnote-ref|footnote-back|language-[^\s]{1,40})$/;

const config: Config = {
  ALLOWED_TAGS: tags,
  ALLOWED_ATTR: attributes,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // Addresses are judged below, one by one; here only what can never be right is dropped.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto):|data:image\/|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  SANITIZE_NAMED_PROPS: true, // id="x" becomes id="user-content-x", so that no name of the page is taken
  RETURN_DOM: true
};

export const idPrefix = 'user-content-';
export const tagsMax = 60_000;

let purifier: DOMPurify | undefined;

function purify(html: string): HTMLElement {
  if (!purifier) {
    purifier = createDOMPurify(window);
    purifier.addHook('uponSanitizeAttribute', (_node, data) => {
      if (data.attrName !== 'class') return;
      data.attrValue = data.attrValue
        .split(/\s+/)
        .filter((name) => classes.test(name))
        .join(' ');
      if (data.attrValue === '') data.keepAttr = false;
    });
  }
  const body = purifier.sanitize(quiet(html), config) as unknown as HTMLElement | null;
  // A frameset takes the body's place: there is nothing to show then.
  return body ?? document.implementation.createHTMLDocument('').body;
}

function chip(document: Document, address: string, alt: string, kind: string, linked: boolean): HTMLElement {
  const element = document.createElement(linked ? 'span' : 'a');
  element.className = 'outside-media';
  const host = document.createElement('span');
  host.className = 'outside-host';
  host.textContent = new URL(address).host;
  element.append(alt.trim() || kind, ' ', host);
  if (linked) return element;
  element.setAttribute('href', address);
  element.setAttribute('rel', 'nofollow noopener noreferrer');
  element.title = `${kind} on another host, which this page does not load`;
  return element;
}

function placeLinks(root: HTMLElement, place: Place): void {
  for (const link of root.querySelectorAll<HTMLAnchorElement>('a[href]')) {
    const target = linkTarget(link.getAttribute('href')!, place);
    if (!target) {
      link.removeAttribute('href');
      continue;
    }
    link.setAttribute('href', target.href);
    if (target.outside) link.setAttribute('rel', 'nofollow noopener noreferrer');
    // Bytes and API answers are no pages of this application: the browser itself follows them.
    else if (/^\/(api|oauth)\/|\/(resolve|raw)\//.test(target.href)) link.setAttribute('data-sveltekit-reload', '');
  }
}

const kinds: Record<string, string> = { IMG: 'Picture', VIDEO: 'Film', AUDIO: 'Sound' };

function placeMedia(root: HTMLElement, place: Place): void {
  const document = root.ownerDocument;
  for (const source of root.querySelectorAll('source')) {
    const set = source.getAttribute('srcset');
    const src = source.getAttribute('src');
    source.removeAttribute('srcset');
    source.removeAttribute('src');
    const inPicture = source.parentElement?.tagName === 'PICTURE';
    const here = inPicture ? mediaSet(set ?? '', place) : src === null ? null : mediaTarget(src, place);
    if (here === null) source.remove();
    else if (typeof here === 'string') source.setAttribute('srcset', here);
    else if (!here.outside) source.setAttribute('src', here.href);
    else source.setAttribute('data-outside', here.href);
  }
  for (const media of root.querySelectorAll<HTMLElement>('img, video, audio')) {
    const kind = kinds[media.tagName]!;
    const src = media.getAttribute('src');
    const alt = media.getAttribute('alt') ?? media.getAttribute('title') ?? '';
    media.removeAttribute('srcset');
    media.removeAttribute('src');
    const poster = media.getAttribute('poster');
    media.removeAttribute('poster');
    const outside = media.querySelector('source[data-outside]')?.getAttribute('data-outside');
    for (const source of media.querySelectorAll('source[data-outside]')) source.remove();
    const target =
      src !== null
        ? mediaTarget(src, place)
        : outside && !media.querySelector('source')
          ? { href: outside, outside: true }
          : null;
    if (target?.outside) {
      const linked = media.closest('a[href]') !== null;
      const whole = media.parentElement?.tagName === 'PICTURE' ? media.parentElement : media;
      whole.replaceWith(chip(document, target.href, alt, kind, linked));
      continue;
    }
    if (target) media.setAttribute('src', target.href);
    if (media.tagName === 'IMG') {
      if (!target && alt === '') {
        media.remove();
        continue;
      }
      if (!media.hasAttribute('alt')) media.setAttribute('alt', '');
      media.setAttribute('loading', 'lazy');
      media.setAttribute('decoding', 'async');
    } else {
      media.setAttribute('controls', '');
      media.setAttribute('preload', 'metadata');
      const still = poster === null ? null : mediaTarget(poster, place);
      if (still && !still.outside) media.setAttribute('poster', still.href);
    }
  }
}

// What keyboards and screen readers need, and what is only decoration.
function makeReachable(root: HTMLElement): void {
  const document = root.ownerDocument;
  for (const box of root.querySelectorAll('input')) {
    const mark = document.createElement('span');
    mark.className = box.hasAttribute('checked') ? 'task task-done' : 'task';
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', box.hasAttribute('checked') ? 'Done:' : 'To do:');
    if (box.getAttribute('type')?.toLowerCase() === 'checkbox') {
      box.closest('li')?.classList.add('task-item');
      box.replaceWith(mark);
    } else box.remove();
  }
  for (const table of root.querySelectorAll('table')) {
    if (table.parentElement?.closest('table')) continue;
    const frame = document.createElement('div');
    frame.className = 'wide';
    frame.tabIndex = 0;
    frame.setAttribute('role', 'group');
    frame.setAttribute('aria-label', 'Table');
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const block of root.querySelectorAll('pre')) {
    block.tabIndex = 0;
    block.setAttribute('role', 'group');
    block.setAttribute('aria-label', 'Code');
    // Room for the button that copies.
    const frame = document.createElement('div');
    frame.className = 'code-frame';
    block.replaceWith(frame);
    frame.append(block);
  }
  for (const anchor of root.querySelectorAll('a.anchor')) {
    const title = anchor.parentElement?.textContent?.trim() ?? '';
    anchor.setAttribute('aria-label', `Link to “${title.slice(0, 80)}”`);
    anchor.textContent = '#';
  }
  // An empty heading is a stop that says nothing.
  for (const heading of root.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    if (heading.textContent?.replace('#', '').trim() === '' && !heading.querySelector('img')) heading.remove();
  }
}

// The body of an inert document: its children may be moved into the page.
export function sanitize(html: string, place: Place): HTMLElement {
  const body = purify(html);
  placeLinks(body, place);
  placeMedia(body, place);
  makeReachable(body);
  return body;
}

export function countTags(html: string): number {
  let many = 0;
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1)) many += 1;
  return many;
}
