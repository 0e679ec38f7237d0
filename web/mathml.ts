// KaTeX without the half that draws with its own fonts: pages use its MathML alone. What only that half needs (metrics of
// the fonts, outlines of stretched signs, the builder of HTML) makes a third of its bytes and is left out.
import { join } from 'node:path';
import type { Plugin } from 'vite';

const unused = (names: string[]) =>
  `const unused = () => { throw new Error('only MathML is built'); };\n${names.map((name) => `export const ${name} = unused;`).join('\n')}\nexport default unused;`;

const stubs: Record<string, string> = {
  buildHTML: unused(['buildExpression', 'getTypeOfDomTree', 'makeNullDelimiter', 'buildGroup']),
  svgGeometry: `${unused(['phasePath', 'sqrtPath', 'innerPath', 'tallDelim'])}\nexport const path = {};`,
  // Whether a font holds a letter: the reader's system fonts are not known here, so any letter may be asked for.
  fontMetricsData:
    'export default new Proxy({}, { get: () => new Proxy({}, { get: () => [0, 0, 0, 0, 0], has: () => true }) });'
};

const prefix = '\0katex-stub:';

export function mathmlOnly(): Plugin {
  const folder = join(import.meta.dirname, 'node_modules/katex');
  return {
    name: 'mathml-only',
    enforce: 'pre',
    config: () => ({ optimizeDeps: { exclude: ['katex'] } }),
    resolveId(source, importer) {
      if (source === 'katex') return join(folder, 'katex.ts');
      if (!importer?.startsWith(join(folder, 'src'))) return;
      const name = /^\.{1,2}\/(?:\.\.\/)*(\w+)$/.exec(source)?.[1] ?? '';
      if (Object.hasOwn(stubs, name)) return prefix + name;
    },
    load(id) {
      if (id.startsWith(prefix)) return stubs[id.slice(prefix.length)];
    },
    transform(code, id) {
      if (id === join(folder, 'katex.ts')) return code.replace('= __VERSION__', "= 'mathml'");
    }
  };
}
