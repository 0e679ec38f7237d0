// The languages that are highlighted: what a fence or a file's ending calls them, which others they hold inside,
// and where each is loaded from when it is first met.
import type { LanguageFn } from 'highlight.js';

export interface Language {
  name: string; // as people write it
  load: () => Promise<{ default: LanguageFn }>;
  words?: string[]; // other words for it after ```
  endings?: string[]; // of file names; the language's own key and `words` count as endings too
  files?: string[]; // whole file names, in lower case
  holds?: string[]; // languages that stand inside it
}

export const languages: Record<string, Language> = {
  bash: {
    name: 'Shell',
    load: () => import('highlight.js/lib/languages/bash'),
    words: ['sh', 'zsh', 'fish'],
    endings: ['ksh', 'bats'],
    files: ['.bashrc', '.zshrc', '.profile', '.bash_profile', 'pkgbuild']
  },
  c: { name: 'C', load: () => import('highlight.js/lib/languages/c'), words: ['h'] },
  clojure: {
    name: 'Clojure',
    load: () => import('highlight.js/lib/languages/clojure'),
    words: ['clj', 'edn'],
    endings: ['cljs', 'cljc']
  },
  cmake: { name: 'CMake', load: () => import('highlight.js/lib/languages/cmake'), files: ['cmakelists.txt'] },
  cpp: {
    name: 'C++',
    load: () => import('highlight.js/lib/languages/cpp'),
    words: ['cc', 'cxx', 'c++', 'hpp', 'hh', 'hxx', 'cu', 'cuda', 'cuh'],
    endings: ['ipp', 'inl', 'metal', 'cl']
  },
  csharp: { name: 'C#', load: () => import('highlight.js/lib/languages/csharp'), words: ['cs', 'c#'] },
  css: { name: 'CSS', load: () => import('highlight.js/lib/languages/css') },
  dart: { name: 'Dart', load: () => import('highlight.js/lib/languages/dart') },
  diff: { name: 'Diff', load: () => import('highlight.js/lib/languages/diff'), words: ['patch'] },
  dockerfile: {
    name: 'Dockerfile',
    load: () => import('highlight.js/lib/languages/dockerfile'),
    words: ['docker', 'containerfile'],
    files: ['dockerfile', 'containerfile'],
    holds: ['bash']
  },
  dos: { name: 'Batch', load: () => import('highlight.js/lib/languages/dos'), words: ['bat', 'cmd'] },
  elixir: { name: 'Elixir', load: () => import('highlight.js/lib/languages/elixir'), words: ['ex', 'exs'] },
  erlang: { name: 'Erlang', load: () => import('highlight.js/lib/languages/erlang'), words: ['erl'], endings: ['hrl'] },
  fortran: {
    name: 'Fortran',
    load: () => import('highlight.js/lib/languages/fortran'),
    words: ['f90', 'f95'],
    endings: ['f', 'for', 'f03', 'f08']
  },
  fsharp: {
    name: 'F#',
    load: () => import('highlight.js/lib/languages/fsharp'),
    words: ['fs', 'f#'],
    endings: ['fsx', 'fsi']
  },
  glsl: {
    name: 'GLSL',
    load: () => import('highlight.js/lib/languages/glsl'),
    endings: ['vert', 'frag', 'comp', 'wgsl', 'hlsl']
  },
  go: { name: 'Go', load: () => import('highlight.js/lib/languages/go'), words: ['golang'] },
  gradle: { name: 'Gradle', load: () => import('highlight.js/lib/languages/gradle') },
  graphql: { name: 'GraphQL', load: () => import('highlight.js/lib/languages/graphql'), words: ['gql'] },
  groovy: { name: 'Groovy', load: () => import('highlight.js/lib/languages/groovy'), files: ['jenkinsfile'] },
  handlebars: {
    name: 'Template',
    load: () => import('highlight.js/lib/languages/handlebars'),
    words: ['hbs', 'mustache'],
    holds: ['xml', 'css', 'javascript']
  },
  haskell: { name: 'Haskell', load: () => import('highlight.js/lib/languages/haskell'), words: ['hs'] },
  http: { name: 'HTTP', load: () => import('highlight.js/lib/languages/http'), holds: ['json'] },
  ini: {
    name: 'TOML, INI',
    load: () => import('highlight.js/lib/languages/ini'),
    words: ['toml'],
    endings: ['cfg', 'conf', 'properties', 'env', 'service'],
    files: [
      '.editorconfig',
      '.gitconfig',
      '.gitmodules',
      '.npmrc',
      '.env',
      'cargo.lock',
      'poetry.lock',
      'uv.lock',
      'pipfile'
    ]
  },
  java: { name: 'Java', load: () => import('highlight.js/lib/languages/java') },
  javascript: {
    name: 'JavaScript',
    load: () => import('highlight.js/lib/languages/javascript'),
    words: ['js', 'jsx', 'mjs', 'cjs'],
    holds: ['xml', 'css']
  },
  json: {
    name: 'JSON',
    load: () => import('highlight.js/lib/languages/json'),
    words: ['jsonc', 'json5', 'jsonl', 'ndjson'],
    endings: ['ipynb', 'geojson', 'webmanifest', 'map', 'tfjs'],
    files: ['.babelrc', '.prettierrc', '.eslintrc']
  },
  julia: { name: 'Julia', load: () => import('highlight.js/lib/languages/julia'), words: ['jl'] },
  kotlin: { name: 'Kotlin', load: () => import('highlight.js/lib/languages/kotlin'), words: ['kt', 'kts'] },
  latex: {
    name: 'LaTeX',
    load: () => import('highlight.js/lib/languages/latex'),
    words: ['tex'],
    endings: ['sty', 'cls', 'bib']
  },
  less: { name: 'Less', load: () => import('highlight.js/lib/languages/less') },
  lisp: { name: 'Lisp', load: () => import('highlight.js/lib/languages/lisp'), endings: ['el', 'lsp', 'asd'] },
  llvm: { name: 'LLVM, MLIR', load: () => import('highlight.js/lib/languages/llvm'), words: ['ll', 'mlir'] },
  lua: { name: 'Lua', load: () => import('highlight.js/lib/languages/lua'), words: ['pluto'] },
  makefile: {
    name: 'Makefile',
    load: () => import('highlight.js/lib/languages/makefile'),
    words: ['make', 'mk', 'mak'],
    files: ['makefile', 'gnumakefile', 'justfile']
  },
  markdown: {
    name: 'Markdown',
    load: () => import('highlight.js/lib/languages/markdown'),
    words: ['md', 'mkd', 'mdx'],
    holds: ['xml']
  },
  matlab: { name: 'MATLAB', load: () => import('highlight.js/lib/languages/matlab'), endings: ['m'] },
  nginx: { name: 'nginx', load: () => import('highlight.js/lib/languages/nginx'), words: ['nginxconf'] },
  nim: { name: 'Nim', load: () => import('highlight.js/lib/languages/nim') },
  nix: { name: 'Nix', load: () => import('highlight.js/lib/languages/nix') },
  objectivec: {
    name: 'Objective-C',
    load: () => import('highlight.js/lib/languages/objectivec'),
    words: ['objc', 'obj-c'],
    endings: ['mm']
  },
  ocaml: { name: 'OCaml', load: () => import('highlight.js/lib/languages/ocaml'), words: ['ml'], endings: ['mli'] },
  perl: { name: 'Perl', load: () => import('highlight.js/lib/languages/perl'), words: ['pl', 'pm'] },
  php: { name: 'PHP', load: () => import('highlight.js/lib/languages/php') },
  plaintext: {
    name: 'Text',
    load: () => import('highlight.js/lib/languages/plaintext'),
    words: ['text', 'txt', 'plain', 'output', 'console-output', 'log']
  },
  powershell: {
    name: 'PowerShell',
    load: () => import('highlight.js/lib/languages/powershell'),
    words: ['ps', 'ps1', 'pwsh'],
    endings: ['psm1', 'psd1']
  },
  prolog: { name: 'Prolog', load: () => import('highlight.js/lib/languages/prolog') },
  protobuf: { name: 'Protocol Buffers', load: () => import('highlight.js/lib/languages/protobuf'), words: ['proto'] },
  python: {
    name: 'Python',
    load: () => import('highlight.js/lib/languages/python'),
    words: ['py', 'py3', 'python3', 'ipython', 'pyi'],
    endings: ['pyx', 'pxd', 'bzl', 'star', 'gyp'],
    files: ['sconstruct', 'build.bazel', 'workspace']
  },
  'python-repl': {
    name: 'Python session',
    load: () => import('highlight.js/lib/languages/python-repl'),
    words: ['pycon'],
    holds: ['python']
  },
  r: { name: 'R', load: () => import('highlight.js/lib/languages/r') },
  ruby: {
    name: 'Ruby',
    load: () => import('highlight.js/lib/languages/ruby'),
    words: ['rb'],
    endings: ['gemspec', 'podspec'],
    files: ['gemfile', 'rakefile', 'podfile']
  },
  rust: { name: 'Rust', load: () => import('highlight.js/lib/languages/rust'), words: ['rs'] },
  scala: { name: 'Scala', load: () => import('highlight.js/lib/languages/scala'), endings: ['sbt', 'sc'] },
  scheme: { name: 'Scheme', load: () => import('highlight.js/lib/languages/scheme'), words: ['scm'], endings: ['rkt'] },
  scss: { name: 'SCSS', load: () => import('highlight.js/lib/languages/scss'), words: ['sass'] },
  shell: {
    name: 'Shell session',
    load: () => import('highlight.js/lib/languages/shell'),
    words: ['console', 'shellsession', 'shell-session', 'terminal'],
    holds: ['bash']
  },
  sql: {
    name: 'SQL',
    load: () => import('highlight.js/lib/languages/sql'),
    words: ['postgresql', 'postgres', 'sqlite', 'mysql', 'duckdb']
  },
  swift: { name: 'Swift', load: () => import('highlight.js/lib/languages/swift') },
  tcl: { name: 'Tcl', load: () => import('highlight.js/lib/languages/tcl') },
  twig: {
    name: 'Jinja',
    load: () => import('highlight.js/lib/languages/twig'),
    words: ['jinja', 'jinja2', 'j2', 'django'],
    holds: ['xml']
  },
  typescript: {
    name: 'TypeScript',
    load: () => import('highlight.js/lib/languages/typescript'),
    words: ['ts', 'tsx', 'mts', 'cts'],
    holds: ['xml', 'css']
  },
  vbnet: { name: 'Visual Basic', load: () => import('highlight.js/lib/languages/vbnet'), words: ['vb'] },
  verilog: {
    name: 'Verilog',
    load: () => import('highlight.js/lib/languages/verilog'),
    words: ['v', 'sv', 'systemverilog']
  },
  vhdl: { name: 'VHDL', load: () => import('highlight.js/lib/languages/vhdl'), words: ['vhd'] },
  vim: { name: 'Vim script', load: () => import('highlight.js/lib/languages/vim'), files: ['.vimrc'] },
  wasm: { name: 'WebAssembly', load: () => import('highlight.js/lib/languages/wasm'), words: ['wat'] },
  x86asm: {
    name: 'Assembly',
    load: () => import('highlight.js/lib/languages/x86asm'),
    words: ['asm', 'nasm'],
    endings: ['s']
  },
  xml: {
    name: 'HTML, XML',
    load: () => import('highlight.js/lib/languages/xml'),
    words: ['html', 'xhtml', 'svg', 'vue', 'svelte', 'rss', 'atom', 'htm'],
    endings: ['xsl', 'xsd', 'plist', 'urdf', 'sdf', 'xacro', 'launch', 'mathml', 'csproj'],
    holds: ['css', 'javascript']
  },
  yaml: {
    name: 'YAML',
    load: () => import('highlight.js/lib/languages/yaml'),
    words: ['yml'],
    endings: ['cff'],
    files: ['.clang-format', '.clang-tidy', 'conda.lock']
  }
};

const byWord = new Map<string, string>();
const byEnding = new Map<string, string>();
const byFile = new Map<string, string>();
for (const [key, language] of Object.entries(languages)) {
  for (const word of [key, ...(language.words ?? [])]) {
    if (!byWord.has(word)) byWord.set(word, key);
    if (!byEnding.has(word)) byEnding.set(word, key);
  }
  for (const ending of language.endings ?? []) if (!byEnding.has(ending)) byEnding.set(ending, key);
  for (const file of language.files ?? []) byFile.set(file, key);
}

// What a fence says after its three ticks: "python", "{.py}", "Python title=x". Null where it is no language of ours.
export function languageOfFence(info: string): string | null {
  const word = /^\s*\{?\s*\.?(?:language-)?([^\s{},:;]+)/.exec(info.slice(0, 100))?.[1]?.toLowerCase();
  return (word && byWord.get(word)) ?? null;
}

// By a file's name; its folders do not matter.
export function languageOfFile(path: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const whole = byFile.get(name);
  if (whole) return whole;
  if (name.startsWith('dockerfile.')) return 'dockerfile';
  const dot = name.lastIndexOf('.');
  return dot < 0 ? null : (byEnding.get(name.slice(dot + 1)) ?? null);
}

export const languageName = (key: string | null) => (key && languages[key]?.name) || 'Text';
