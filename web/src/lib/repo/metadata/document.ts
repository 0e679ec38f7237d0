// Changes single fields of a card's metadata and leaves the rest as its author wrote it: order, comments, quotes.
import { Document, isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { splitFrontMatter } from '#lib/markdown/front_matter.ts';

export type Value = string | string[] | boolean | null; // null and empty: the field goes

export interface Metadata {
  fields: Record<string, unknown>;
  problem: string | null; // why it cannot be read
}

export const yamlCharactersMax = 200_000;

function parse(yaml: string): Document {
  return parseDocument(yaml, { logLevel: 'silent', prettyErrors: false });
}

function problemOf(yaml: string, document: Document): string | null {
  const error = document.errors[0];
  if (error) {
    const line = yaml.slice(0, error.pos[0]).split('\n').length;
    return `Line ${line}: ${error.message}`;
  }
  if (
    document.contents !== null &&
    !isMap(document.contents) &&
    !(isScalar(document.contents) && document.contents.value === null)
  )
    return 'It is no list of fields ("name: value")';
  return null;
}

export function readMetadata(text: string): Metadata {
  const yaml = splitFrontMatter(text).yaml ?? '';
  if (yaml.length > yamlCharactersMax) return { fields: {}, problem: 'It is too long for this form' };
  const document = parse(yaml);
  const problem = problemOf(yaml, document);
  if (problem) return { fields: {}, problem };
  try {
    const fields: unknown = document.toJS({ maxAliasCount: 100 });
    return { fields: (fields ?? {}) as Record<string, unknown>, problem: null };
  } catch (error) {
    return { fields: {}, problem: error instanceof Error ? error.message : String(error) };
  }
}

// The old list with some entries gone and some new: comments beside those that stay, stay.
function listNode(document: Document, old: Node | null, values: string[]): Node {
  // One word stays one word.
  if (values.length === 1 && isScalar(old)) {
    old.value = values[0];
    return old;
  }
  if (!isSeq(old)) return document.createNode(values) as Node;
  const kept = old.items.filter((item) => isScalar(item) && values.includes(String(item.value)));
  const there = new Set(kept.map((item) => (isScalar(item) ? String(item.value) : '')));
  old.items = [...kept, ...values.filter((value) => !there.has(value)).map((value) => document.createNode(value))];
  return old;
}

// The lines of one pair, alone: what stands before it stays where it is.
function renderPair(pair: Pair<Scalar, Node>, source: string): string {
  const alone = new Document({}, { compat: 'yaml-1.1' }); // Python's readers take a bare "no" for false
  pair.key.commentBefore = null;
  pair.key.spaceBefore = false;
  (alone.contents as unknown as YAMLMap).items = [pair];
  return alone.toString({
    lineWidth: 0,
    indentSeq: /:[^\n]*\n[ \t]+- /.test(source),
    flowCollectionPadding: /[[{] /.test(source)
  });
}

function valueNode(document: Document, old: Node | null, value: Exclude<Value, null>): Node {
  if (Array.isArray(value)) return listNode(document, old, value);
  if (!isScalar(old)) return document.createNode(value) as Node;
  old.value = value;
  return old;
}

// The text with one field changed. What cannot be read comes back as it was.
export function setField(text: string, key: string, value: Value): string {
  const { yaml, body } = splitFrontMatter(text);
  const source = yaml ?? '';
  const document = parse(source);
  if (source.length > yamlCharactersMax || problemOf(source, document)) return text;
  const goes = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  const map = isMap<Scalar, Node>(document.contents) ? document.contents : null;
  const pair = map?.items.find((each) => isScalar(each.key) && each.key.value === key);
  let changed: string;
  if (pair?.key.range) {
    const start = source.lastIndexOf('\n', pair.key.range[0] - 1) + 1;
    const end = Math.max(pair.key.range[2], pair.value?.range?.[2] ?? 0);
    const old = source.slice(start, end);
    if (goes) changed = source.slice(0, start) + source.slice(end);
    else {
      pair.value = valueNode(document, pair.value, value);
      changed = source.slice(0, start) + renderPair(pair, old) + source.slice(end);
    }
    // Metadata of an odd shape (all on one line, say) is written anew, whole.
    if (problemOf(changed, parse(changed)) || map?.flow) {
      if (goes) map?.delete(key);
      changed = document.toString({ lineWidth: 0 });
    }
  } else {
    if (goes) return text;
    const fresh = document.createPair(key, value) as unknown as Pair<Scalar, Node>;
    if (map?.flow) {
      map.add(fresh);
      changed = document.toString({ lineWidth: 0 });
    } else changed = source + (source === '' || source.endsWith('\n') ? '' : '\n') + renderPair(fresh, '');
  }
  return changed.trim() === '' ? body : `---\n${changed}---\n${body}`;
}
