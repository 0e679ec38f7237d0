"""Templates of one line each, and chats in the shapes that models' own templates have."""

VARIABLES = {
    "a": 7, "b": -3, "f": 2.5, "s": "Hello, World", "e": "", "t": True, "n": None, "u": "naïve Straße ΣΑΣ ǆ",
    "xs": [3, 1, 2], "ys": ["b", "A", "c", "B"], "d": {"k": 1, "z": "two", "items": "own", "list": [1, {"q": "v"}]},
    "people": [{"name": "Ann", "age": 30, "tags": ["x"]}, {"name": "bob", "age": 25, "tags": []}, {"name": "Cid", "age": 30}],
    "lines": "one\ntwo\n\n  three  \n", "nested": {"a": {"b": [{"c": "deep"}]}}, "big": 9007199254740993, "small": 1e-7, "emoji": "a😀b\u0301\u200b\x07",
}

EXPRESSIONS = """
1 + 2 * 3 - 4
7 // 2, -7 // 2, 7 // -2, 7.5 // 2, -7.5 // 2
7 % 3, -7 % 3, 7 % -3, 7.5 % 2, -7.5 % 2
2 ** 10, 2 ** -1, 2.0 ** 3, -2 ** 2, 2 ** 3 ** 2
1 / 2, 4 / 2, 1 / 3
1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 0.1 + 0.2, 1e100, -0.0, 5e-324, 1.0, 100.0
0x1f, 0b101, 0o17, 1_000, 1_0.5, 1e3
'a' ~ 1 ~ none ~ true ~ 2.0
'a' 'b' "c"
'\\n\\t\\\\ \\x41 \\u00e9 \\d'
"it's", 'say "x"', ['it\\'s', "say \\"x\\"", "both ' and \\""]
[1, 'a', none, true, 1.5, [], {}, ()]
{'a': 1, 2: 'b', none: [], true: 0.5}
(1,), (), (1, 2)
{1: 'a', 1.0: 'b', true: 'c'}
not a, not e, not none, not not a
a and b, e and b, e or b, none or e, a or b
1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 == true, 'a' < 'b', [1, 2] < [1, 3], [1] < [1, 0]
1 in [1, 2], 'ell' in s, 'k' in d, 5 not in xs, '' in s, 'x' not in s
1 if t else 2, 1 if e, 'x' if n else 'y' if t else 'z'
s[0], s[-1], s[1:4], s[::-1], s[-3:], s[:-3], s[::2], s[10:2:-3], s[100:], s[5:2]
xs[0], xs[-1], xs[1:], xs[::-1], xs[5], xs[:2]
emoji|length, emoji[1], emoji[::-1], [emoji], emoji[1:3]
d.k, d['k'], d.items(), d['items'], d.keys(), d.values(), d.get('k'), d.get('q'), d.get('q', 5)
d.list[1].q, d['list'][1]['q'], nested.a.b[0].c, nested.a.x
missing, missing is defined, missing|default('dflt'), missing|length, missing|list
missing == missing, missing == none, missing ~ 'x', [missing]
xs|sort, ys|sort, ys|sort(case_sensitive=true), ys|sort(reverse=true), xs|sort(true)
people|sort(attribute='name')|map(attribute='name')|list, people|sort(attribute='age,name')|map(attribute='name')|list
people|map(attribute='age')|sum, xs|sum, people|sum('age'), xs|sum(start=10), []|sum
xs|min, xs|max, ys|min, ys|max, people|max(attribute='age'), []|max
xs|first, xs|last, []|first, s|first, s|last, xs|length, s|count, d|length
ys|unique|list, [1, 1.0, 2, true]|unique|list, ys|unique(case_sensitive=true)|join
xs|join(', '), xs|join, people|join('+', attribute='name'), s|join('-')
xs|map('string')|list, ys|map('upper')|join, xs|map('default', 1)|list, ['1','x']|map('int', default=9)|list
people|selectattr('age', 'equalto', 30)|map(attribute='name')|list, people|rejectattr('tags')|list|length
xs|select('odd')|list, xs|reject('gt', 1)|list, [0, 1, '', 'x']|select|list, [0, none]|reject|list
people|map(attribute='tags.0', default='-')|list
people|groupby('age')|list
people|groupby('tags', default='none')|length
xs|batch(2)|list, xs|batch(2, 0)|list, xs|slice(2)|list, xs|slice(2, 'x')|list
xs|reverse|list, s|reverse, d|list, d|dictsort, d|dictsort(by='key', reverse=true)|first
{'b': 2, 'A': 1}|dictsort, {'b': 1, 'a': 2}|dictsort(by='value'), {'b': 2, 'A': 1}|dictsort(true)
d|items|list, missing|items|list
s|upper, s|lower, 'hELLO wORLD'|title, 'hELLO wORLD'|capitalize, "it's a-b (c) <d>"|title
s.upper(), s.lower(), "it's a-b x2y".title(), 'hELLO'.capitalize(), 'aBc'.swapcase()
u.upper(), u.lower(), u.title(), u.casefold(), u|title, u|upper
'  x '.strip(), '  x '.lstrip() ~ '|', '  x '.rstrip() ~ '|', 'xxaxx'.strip('x'), 'abcab'.strip('ab'), '\\u00a0x\\u2003'.strip()
'a b  c'.split(), 'a,b,,c'.split(','), 'a,b,c'.split(',', 1), 'a b c'.rsplit(' ', 1), ' a  b '.split(none, 1), ''.split(), ''.split(','), ' a  b '.rsplit(none, 1)
lines.splitlines(), lines.splitlines(true), 'a\\r\\nb\\rc'.splitlines()
s.startswith('Hell'), s.startswith(('x', 'H')), s.endswith('d'), s.startswith('W', 7), s.endswith('o', 0, 5), s.startswith('')
s.find('o'), s.rfind('o'), s.find('zz'), s.index('W'), s.count('l'), s.count(''), s.find('o', 5), emoji.find('b')
s.replace('l', 'L'), s.replace('l', 'L', 1), s.replace('', '.'), 'aaa'.replace('aa', 'b')
', '.join(['a', 'b']), ''.join([]), '-'.join('abc')
'{} {}'.format(1, 'x'), '{1}{0}'.format('a', 'b'), '{n:>5}|{x:<4}|{y:^5}|'.format(n=1, x='a', y='b'), '{:05.1f} {:,} {:x} {:+d} {:%}'.format(3.14159, 1234567, 255, 3, 0.5), '{0.k} {0[z]}'.format(d), '{{}}'.format(), '{!r}'.format('a')
'%s %d %5.2f %x %r %%' % ('a', 3, 2.5, 255, 'q'), '%-5s|%5s|%05d' % ('a', 'b', 42), '%(k)s' % d, '%s' % 5, '%e %g %g' % (12345.678, 0.0001, 1e20)
'%s-%s'|format(1, 2), '%(x)s'|format(x=3)
'abc'.ljust(5, '.'), 'abc'.rjust(5), 'abc'.center(6, '*'), 'abc'.center(7), '-42'.zfill(6), 'abc'.zfill(2), 'abcd'.center(7)
'a.b.c'.partition('.'), 'a.b.c'.rpartition('.'), 'abc'.partition('x'), 'abc'.rpartition('x')
'prefix-x'.removeprefix('prefix-'), 'x.py'.removesuffix('.py'), 'a\\tb'.expandtabs(4)
'12'.isdigit(), '1.5'.isdigit(), 'ab'.isalpha(), 'a1'.isalnum(), ' '.isspace(), 'AB'.isupper(), 'ab'.islower(), 'Ab Cd'.istitle(), ''.isdigit(), '²'.isdigit(), '½'.isnumeric(), 'x y'.isidentifier(), 'A1'.isupper()
xs.index(2), xs.count(1), (1, 2).index(2)
a is defined, a is number, a is integer, f is float, t is boolean, s is string, d is mapping, xs is sequence, xs is iterable, n is none, t is true, t is false
a is odd, a is even, a is divisibleby 7, a is divisibleby(3), a is eq 7, a is ne(7), a is gt 5, a is le 7, a is in xs, 3 is in xs, a is sameas a
s is lower, s is upper, 'abc' is lower, range is callable, s is callable, missing is undefined, d is sequence, s is iterable, a is iterable, true is number, true is integer, missing is iterable
'upper' is filter, 'nope' is filter, 'odd' is test
a is not none, not a is none, a is not defined
a is defined and s is string or false, 5 is in([5]) and 1
'42'|int, '42.9'|int, 'x'|int, 'x'|int(7), 3.9|int, -3.9|int, '0x1f'|int(base=16), ' 12 '|int, none|int, true|int, '1_000'|int
'3.5'|float, 'x'|float, 3|float, '1e3'|float, 'nan'|float, '-inf'|float, 'x'|float(default=1.5)
2.5|round, 3.5|round, 2.567|round(2), 2.567|round(2, 'ceil'), 2.567|round(1, 'floor'), 42|round, 1234|round(-2), 0.15|round(1), 42.55|round, 1e300|round(2)
-5|abs, b|abs, -2.5|abs
'a'|string, 5|string, none|string, xs|string, true|string|length
'a <b> & "c" \\'d\\''|e ~ '<'|escape ~ '<'|safe
s|replace('l', 'L'), s|replace('l', 'L', 1), 5|replace(5, 6), 'aXbX'|replace('X', '')
'x\\ny\\n\\nz'|indent, 'x\\ny\\n\\nz'|indent(2, true), 'x\\ny\\n\\nz'|indent(2, blank=true), 'x\\ny'|indent('> '), ''|indent, 'x\\n'|indent
'  x '|trim, 'xxaxx'|trim('x'), 'word'|center(10), 'one two  three'|wordcount, 'foo bar baz qux'|truncate(9), 'foo bar baz qux'|truncate(9, true), 'foo bar baz qux'|truncate(11), 'foo bar baz qux'|truncate(11, false, '~', 0)
'a b/c?d=é'|urlencode, {'a': 1, 'b c': 'x&y'}|urlencode
1|filesizeformat, 100|filesizeformat, 1500|filesizeformat, 1500000|filesizeformat(true), 13000000|filesizeformat, 1024|filesizeformat(true)
d|tojson, people|tojson, [1.0, 1e20, 0.1, none, true, 'é"\\n\\x01/<>'] | tojson, {'b': 1, 'a': [1, {}]}|tojson(indent=2), {'b': 1, 'a': []}|tojson(sort_keys=true), 'é😀'|tojson(ensure_ascii=true), []|tojson(indent=4), {1: 2, none: 3, true: 4, 1.5: 5}|tojson, (1, 2)|tojson, [1,2]|tojson(separators=(',', ':')), {'a': [1, 2]}|tojson(indent='>')
d|attr('get') is callable, s|attr('upper') is callable, d|attr('k') is defined
range(5)|list, range(1, 5)|list, range(5, 0, -2)|list, range(3), range(0, 10, 3), range(5)[2], range(10)[2:5], 3 in range(5), range(0)|length, range(5)[-1]
dict(a=1, b=2), dict([('x', 1)]), dict({'q': 1}, z=2)
namespace(a=1).a, namespace(a=1)
xs + [4], (1,) + (2,), [0] * 3, 'ab' * 2, 2 * 'ab', [] * 5, 'x' * -1
none == none, none == false, 1 == true, '1' == 1, [1, [2]] == [1, [2]], {'a': 1} == {'a': 1.0}, (1,) == [1]
xs|list is sameas xs, none is sameas none, true is sameas 1
[s, u, e]|map('length')|list, [[1, 2], [3]]|map('sum')|list, [[3, 1], [2]]|map('sort')|list, [[1, 2], [3]]|map('join', '-')|list, ['a b', 'c']|map('replace', ' ', '_')|list
big, big + 1, small, 12345678.9, 1e22, 1.7976931348623157e308, 2.0 ** 0.5, 1e16 + 1
strftime_now('%Y-%m-%d'), strftime_now('%d %b %Y'), strftime_now('%A, %B %-d, %H:%M:%S %p %j %y %I %%')
'a' in {'a': 1}, 'a' in 'abc', none in [none], 1.0 in [1], [1] in [[1]], 'A' in ys
d.k + 1, d['z'] + '!', (a + b) * 2, -a, +a, -(-a), - a ** 2
1 if 0 else 2 if 0 else 3, (1 if t else 2) + 1
(a), ((a)), [a][0], {'x': a}.x, 'abc'[1], 'abc'.upper()[0], [1, 2, 3][1:][0], 'a-b'.split('-')[-1]
s|lower|replace('o', '0')|upper|length, (s|lower)[0], s|length + 1, xs|first + 1, -xs|first
'' or 'empty', [] or 'nil', {} or 'none', 0 or none, 0.0 or 'z'
xs.0, d.list.0, d.list.1.q
'a\\
b'
joiner()() ~ 'x', cycler('a', 'b').next(), cycler(1, 2).current
none|default('x'), none|default('x', true), ''|d('y', boolean=true), 0|default(5), false|default(1, true)
1 // 1, 1.0 // 1, 5 % 5, 5.0 % 5, -0.0 // 1, 0 ** 0, 10 ** 18, (-8) // 3, 1 - -1
u|length, u|reverse, u[3], u.find('S'), u.split(' '), u.index('Σ')
emoji|tojson, emoji|list, emoji|string, emoji|upper
'x'|upper|lower is lower, 'x' ~ ('y' if e else 'z') ~ 1 + 2
[1,2,3,][-1], {'a':1,}.a, (1,2,)[0]
'%s' % none, '%s' % xs, '%s' % true, '%5.1f|' % 2.25, '%+d' % 5, '%c' % 'x', '%o' % 8, '%i' % 3.9
'a,b;c'.split(';')[0].split(',')|last, 'k=v'.split('=')|join(': ')
'tEST'|capitalize, 'été'.capitalize(), 'ß'.upper(), 'ŉx'|upper, 'ﬁx'.upper(), 'İ'.lower()|length, 'ΑΣ ΑΣΑ'.lower()
""".strip().replace("\\\n", "\\\\n_").splitlines()

FAILING = """
missing.x
missing()
missing + 1
d.nope.deeper
xs.append(1)
d.update({})
d.pop('k')
s.__class__.__mro__
''.__class__
1 / 0
1 // 0
1 % 0
'a' + 1
1 + 'a'
[1] + (2,)
'a' - 'b'
1 < 'a'
none < 1
xs|sort(attribute='q')|list
[1, 'a']|sort
{[1]: 2}
1|nope
1 is nope
nope()
none.x.y
range(1000000)
raise_exception('no system role')
raise_exception('a ' ~ 1)
1 in 5
5|length
(xs|map('upper'))|length
5|list
missing|tojson
range(3)|tojson
xs|map|list
xs|join(1, 2, 3)
upper(s)
s()
'{} {}'.format(1)
'%d' % 'x'
'%s %s' % 'x'
'%s' % (1, 2)
s.index('zz')
xs.index(99)
s.split('')
s[none:'a']
d[1:2]
xs[::0]
namespace(1)
dict(1)
dict([[1]])
-'a'
2 ** 'a'
missing|int
missing|float
missing|abs
d|dictsort(by='x')
2.5|round(1, 'up')
[[1]]|unique|list
''|truncate(1)
range()
range('a')
1 ** 'x'
xs|sum(start='')
['a']|sum
'a'.join([1])
'a'.upper(1)
d.get()
'abc'.center(5, 'xx')
missing < 1
missing in 'abc'
'x' in 1
xs|batch
5|items|list
{{
'unclosed
a b
(1
[1
1 +
a..b
a|
a is
@
{'a'}
f(a=1, a=2)
f(a=1, 2)
f(**d, *xs)
""".strip().splitlines()

STATEMENTS = [
    "{% for x in xs %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in xs %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in xs %}{{ loop.cycle('odd', 'even') }} {% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}",
    "{% for x in [] %}x{% else %}none{% endfor %}", "{% for x in xs %}x{% else %}none{% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.index }}{{ x }} {% else %}none{% endfor %}", "{% for x in xs if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }} {% endfor %}", "{% for c in s %}{{ c }}.{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, in [(1,)] %}{{ a }}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% set v = 1 %}{% for x in xs %}{% set v = x %}{{ v }}{% endfor %}{{ v }}",
    "{% set v = 1 %}{% for x in xs %}{{ v }}{% set v = v + 1 %}{{ v }} {% endfor %}{{ v }}",
    "{% set ns = namespace(n=0, t='') %}{% for x in xs %}{% set ns.n = ns.n + x %}{% set ns.t = ns.t ~ x %}{% endfor %}{{ ns.n }}{{ ns.t }}{{ ns.nope }}",
    "{% if e %}1{% elif n %}2{% elif a == 7 %}3{% else %}4{% endif %}", "{% if missing %}1{% else %}2{% endif %}", "{% if a in xs or t %}y{% endif %}",
    "{% if t %}{% set q = 5 %}{% endif %}{{ q }}", "{% if e %}{% set q = 5 %}{% endif %}{{ q is defined }}",
    "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set x = 1, 2 %}{{ x }}", "{% set (x, y) = xs[:2] %}{{ x + y }}",
    "{% set x %}a {{ a }} b{% endset %}[{{ x }}]", "{% set x | upper | replace('A', '-') %}a {{ a }} b{% endset %}[{{ x }}]",
    "{% with x = 1, y = a %}{{ x }}{{ y }}{% endwith %}{{ x is defined }}", "{% set x = 5 %}{% with x = 1, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}",
    "{% macro m(x, y=2, z=x) %}{{ x }}-{{ y }}-{{ z }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, z=4) }}{{ m(y=5, x=6) }}{{ m() }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, q=3) }}", "{% macro m(a) %}{{ a }}{{ varargs|length }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m(a, b=1) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %},{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}",
    "{% macro f() %}{{ later }}{% endmacro %}{% set later = 'seen' %}{{ f() }}", "{% macro f() %}{% set q = 1 %}{{ q }}{% endmacro %}{{ f() }}{{ q is defined }}",
    "{% macro box(t) %}<{{ t }}:{{ caller() }}>{% endmacro %}{% call box('x') %}in {{ a }}{% endcall %}",
    "{% macro each(l) %}{% for i in l %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(i, n=0) each(xs) %}[{{ i }}{{ n }}]{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{{ caller() if caller }}{% endmacro %}{{ m() }}{% call m() %}x{% endcall %}",
    "{% filter upper %}abc {{ s }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}banana{% endfilter %}", "{% filter indent(2) %}a\nb{% endfilter %}",
    "{% for x in nested.a.b recursive %}{{ x.c }}{% endfor %}",
    "{% for n in [{'v': 1, 'k': [{'v': 2, 'k': []}, {'v': 3, 'k': [{'v': 4, 'k': []}]}]}] recursive %}{{ n.v }}@{{ loop.depth }}{% if n.k %}({{ loop(n.k) }}){% endif %}{% endfor %}",
    "{% raw %}{{ a }} {% if %} {# c #}{% endraw %}|", "  {%- raw -%}  x  {%- endraw -%}  y", "{% raw %}\nx\n{% endraw %}\ny", "a\n  {% raw %}\n  x\n  {% endraw %}\n  b",
    "a{# c #}b", "a\n  {# c #}\nb", "a {#- c -#} b", "{# {{ a }} {% if %} #}x", "{#- #}a{# -#}\n b",
    "a\n{% if t %}\nb\n{% endif %}\nc", "a\n   {% if t %}\n  b\n   {% endif %}\nc", "a\n  {%- if t -%}\n  b\n  {%- endif -%}\n  c", "a\n  {%+ if t %}\n  b\n  {%+ endif +%}\nc", "x {% if t %} y {% endif %} z",
    "a\n  {{ a }}\nb", "a\n  {{- a -}}\n  b", "  {{ a }}  \n", "{{ a }}\n\n", "{{ a }}\n", "\n\n{{ a }}", "   {% set x = 1 %}   \n  {{ x }}", "\t{% if t %}\n\tx\n\t{% endif %}\n", "x\r\ny\rz{{ a }}\r\n",
    "{% if t -%}\n\n  x\n\n{%- endif %}", "{{- ' a ' -}} b", "{{ ' a ' }} {{- 'b' }}", "a {% if t %}{{ '' }}{% endif %}\n b", "{%- for x in xs -%} {{ x }} {%- endfor -%}",
    "{% block b %}in {{ a }}{% endblock %}!", "{% block b %}x{% endblock b %}", "{% for i in xs %}{% block b scoped %}{{ i }}{% endblock %}{% endfor %}", "{% for i in xs %}{% block b %}{{ i is defined }}{% endblock %}{% endfor %}",
    "{% generation %}x {{ a }}{% endgeneration %} y", "a\n{% generation %}\nb\n{% endgeneration %}\nc", "{% for x in xs %}{% generation %}{{ x }}{{ loop.index }}{% endgeneration %}{% endfor %}",
    "{% print a, b %}", "{% print s|upper %}", "{{ {'a': {'b': 1}}.a.b }}", "{{ {'a': 1}['a'] }}{{ '}}' }}{{ '%}' }}", "{{ '{{' }}", "{{ {} }}", "{{ {{}} }}",
    "{% for x in missing %}x{% else %}empty{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in xs %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% set d.x = 1 %}", "{% set nope.x = 1 %}", "{% set 1 = 2 %}", "{% for loop in xs %}{{ loop }}{% endfor %}", "{% set loop = 5 %}{{ loop }}",
    "{% if %}{% endif %}", "{% if t %}", "{% endif %}", "{% nope %}", "{% for x xs %}{% endfor %}", "{% set %}", "{% macro %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% call 5 %}{% endcall %}", "{% break %}", "{% raw %}x", "{# x", "{{ a", "{% if t", "{{ a }", "{% else %}", "{{ a b }}", "{% filter nope %}x{% endfilter %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% for x in xs %}{% endif %}", "{{ }}", "{% if a = 1 %}{% endif %}", "{% set x = %}",
    "{% set x = joiner('; ') %}{% for i in xs %}{{ x() }}{{ i }}{% endfor %}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}",
    "{% set g = xs|map('string') %}{{ g|first }}{{ g|list }}{{ g|list }}", "{% set g = xs|select %}{% for x in g %}{{ x }}{% endfor %}{% for x in g %}{{ x }}{% endfor %}",
    "{% for g in people|groupby('age') %}{{ g.grouper }}:{{ g.list|length }} {% for p in g[1] %}{{ p.name }}{% endfor %};{% endfor %}", "{% for age, who in people|groupby('age') %}{{ age }}{{ who|map(attribute='name')|join }}{% endfor %}",
    "{% for row in range(7)|batch(3, '-') %}{% for c in row %}{{ c }}{% endfor %}/{% endfor %}", "{% for k, v in {'b': 1, 'a': 2}|dictsort %}{{ k }}{{ v }}{% endfor %}",
    "{% set outer = 1 %}{% macro m(outer) %}{{ outer }}{% endmacro %}{{ m(2) }}{{ outer }}", "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for i in xs %}{% set o = loop %}{% for j in ys %}{{ o.index }}{{ j }}{% endfor %}{% endfor %}", "{{ loop is defined }}", "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns.a.a is defined }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}b{% endmacro %}{{ a() }}", "{% macro f(x) %}{% for i in x %}{{ i }}{% endfor %}{% endmacro %}{{ f(xs)|length }}{{ f('ab') }}", "{% set f = namespace(m=none) %}{% macro g() %}g{% endmacro %}{% set f.m = g %}{{ f.m() }}",
    "{% with a = 5 %}{% macro m() %}{{ a }}{% endmacro %}{{ m() }}{% endwith %}", "{{ (lambda) }}", "{% if a is defined and a is not none and a > 5 %}ok{% endif %}", "{% if 'x' in d and d.x %}{% else %}no{% endif %}", "{% if not (a and b) %}x{% else %}y{% endif %}",
    "{%if t%}tight{%endif%}", "{{a}}{{-b-}}", "{% if t: %}colon{% endif %}", "{% for x in xs: %}{{ x }}{% endfor %}", "{{ 'a'if t else'b' }}", "{% set x=[1,2,\n3] %}{{ x }}\n{{ x\n|length }}", "{{ a\n+\nb }}",
]

# Templates in the shapes that families of models use. The words are our own.
CHATML = """{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}{{ '<|start|>system\\nBe helpful.<|stop|>\\n' }}{% endif %}
{{ '<|start|>' + message['role'] + '\\n' + message['content'] + '<|stop|>' + '\\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}"""

HEADERS = """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "1 Jan 2024" %}{%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|head|>system<|/head|>\\n\\n" }}
{%- if tools is not none %}{{- "Setting: tools\\n" }}{%- endif %}
{{- "Today is " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "These functions may be called, as JSON with a name and parameters:\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}{{- "<|end|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|head|>' + message['role'] + '<|/head|>\\n\\n'+ message['content'] | trim + '<|end|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time, please!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|head|>assistant<|/head|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|end|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|head|>ipython<|/head|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|end|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|head|>assistant<|/head|>\\n\\n' }}
{%- endif %}
"""

THINKING = """{%- if tools %}
    {{- '<s>system\\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
    {{- "# Functions\\n\\nSignatures stand between <tools> tags:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n</s>\\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}{{- '<s>system\\n' + messages[0].content + '</s>\\n' }}{%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and message.content is string and not(message.content.startswith('<reply>') and message.content.endswith('</reply>')) %}
        {%- set ns.multi_step = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<s>' + message.role + '\\n' + content + '</s>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thoughts = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thoughts)) %}
            {{- '<s>' + message.role + '\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<s>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
                {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
                {{- '<call>\\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}
                {{- '}\\n</call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '</s>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<s>user' }}{%- endif %}
        {{- '\\n<reply>\\n' }}{{- content }}{{- '\\n</reply>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '</s>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<s>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}"""

BRACKETS = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Roles take turns: user, assistant, user, ...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}{%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}{{- "[ASK] " + system_message + "\\n\\n" + message["content"] + "[/ASK]" }}{%- else %}{{- "[ASK] " + message["content"] + "[/ASK]" }}{%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception("A call's id has nine letters!") }}{%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] in ("tool", "tool_results") %}
        {%- if message.content is defined and message.content.content is defined %}{%- set content = message.content.content %}{%- else %}{%- set content = message.content %}{%- endif %}
        {{- '[RESULT] {"content": ' + content|string + ', "id": "' + message.tool_call_id + '"}[/RESULT]' }}
    {%- else %}
        {{- raise_exception("There is no role " ~ message.role) }}
    {%- endif %}
{%- endfor %}
"""

TURNS = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}
{%- if messages[0]['content'] is string -%}{%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
{%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}{%- endif -%}
{%- set loop_messages = messages[1:] -%}
{%- else -%}{%- set first_user_prefix = "" -%}{%- set loop_messages = messages -%}{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("The roles must alternate") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}{%- set role = "model" -%}{%- else -%}{%- set role = message['role'] -%}{%- endif -%}
    {{ '<turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}{{ '<picture>' }}{%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '</turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{'<turn>model\\n'}}{%- endif -%}
"""

PLAIN = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + (message['content'] or '') + '<|end|>\\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + (message['content'] or '') + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

STEPS = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜You｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' in message %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}{{'<｜Me｜><｜calls｜>' + tool['type'] + '<｜sep｜>' + tool['function']['name'] + '\\n```json\\n' + tool['function']['arguments']|tojson + '\\n```'}}{%- set ns.is_first = true -%}{%- else %}{{'\\n' + tool['type'] + '<｜sep｜>' + tool['function']['name']}}{%- endif %}{%- endfor %}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' not in message %}{%- if ns.is_tool %}{{'<｜/outs｜>' + message['content'] + '<｜end｜>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Me｜>' + content + '<｜end｜>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<｜outs｜>' + message['content'] + '<｜/out｜>'}}{%- set ns.is_output_first = false %}{%- else %}{{'\\n<｜out｜>' + message['content'] + '<｜/out｜>'}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<｜/outs｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Me｜><think>\\n'}}{% endif %}"""

COMMANDS = """{%- macro document_turn(documents) -%}
{# documents are shown one after another #}
<|turn|><|bot|><plan>I look something up.</plan>[
    {"name": "search", "parameters": {}, "id": "0"}
]<|/turn|><|turn|><|system|><outcome>[
    {% for doc in documents %}
    "{{ loop.index0 }}": {{ doc|tojson }}{% if not loop.last %},
    {% endif %}
    {% endfor %}

]</outcome><|/turn|>{%- endmacro %}
{%- macro json_type(spec) %}
{%- if spec.type == 'array' %}List[{{ json_type(spec['items']) }}]{% elif spec.type == 'object' %}{% if spec.properties %}Dict[{% for k, v in spec.properties|dictsort %}{{ k }}: {{ json_type(v) }}{{ ', ' if not loop.last }}{% endfor %}]{% else %}Dict{% endif %}{% elif spec.type is string %}{{ {'string': 'str', 'integer': 'int', 'number': 'float', 'boolean': 'bool'}.get(spec.type, spec.type) }}{% elif spec.type is iterable %}Union[{{ spec.type|join(',') }}]{% else %}Any{% endif %}
{%- endmacro %}
{%- set role_map = {'user': '<|human|>', 'assistant': '<|bot|>', 'system': '<|system|>', 'tool': '<|system|>'} %}
{{ bos_token }}{% if tools %}## Tools
{% for tool in tools|sort(attribute='function.name') %}
```python
def {{ tool.function.name }}({% for name, spec in tool.function.parameters.properties.items() %}{{ name }}: {{ json_type(spec) }}{% if name not in tool.function.parameters.required %} = None{% endif %}{% if not loop.last %}, {% endif %}{% endfor %}):
    \"\"\"{{ tool.function.description|default('no words', true)|indent(4) }}\"\"\"
```
{% endfor %}{% endif %}
{% for message in messages %}
<|turn|>{{ role_map[message.role] }}{{ message.content if message.content is string else message.content|tojson }}<|/turn|>
{%- endfor %}
{% if documents %}{{ document_turn(documents) }}{% endif %}
{%- if add_generation_prompt -%}<|turn|><|bot|>{%- endif %}"""

CHANNELS = """{%- macro render_type(spec, level=0) -%}
    {%- set pad = '  ' * level -%}
    {%- if spec is not mapping -%}any
    {%- elif spec.enum -%}{{ spec.enum | map('tojson') | join(' | ') }}
    {%- elif spec.type == 'array' -%}{{ render_type(spec['items'] | default({}), level) }}[]
    {%- elif spec.type == 'object' and spec.properties -%}
        {{- '{\\n' -}}
        {%- for name, sub in spec.properties.items() -%}
            {%- if sub.description -%}{{ pad }}  // {{ sub.description }}{{ '\\n' }}{%- endif -%}
            {{ pad }}  {{ name }}{{ '' if name in (spec.required or []) else '?' }}: {{ render_type(sub, level + 1) }}
            {%- if sub.default is defined -%}, // default: {{ sub.default if sub.default is string else sub.default | tojson }}{%- endif -%}
            {{- ',\\n' -}}
        {%- endfor -%}
        {{- pad -}}}
    {%- elif spec.type is string -%}{{ 'number' if spec.type in ['integer', 'number'] else spec.type }}
    {%- else -%}any{%- endif -%}
{%- endmacro -%}
{%- macro system_message() -%}
    {%- if model_identity is not defined %}{%- set model_identity = "You are a house robot." %}{%- endif %}
    {{- model_identity + "\\n" }}
    {{- "Date: " + strftime_now("%Y-%m-%d") + "\\n\\n" }}
    {%- if reasoning_effort is not defined %}{%- set reasoning_effort = "medium" %}{%- endif %}
    {{- "Effort: " + reasoning_effort + "\\n" }}
{%- endmacro -%}
<|begin|>system<|text|>{{ system_message() }}<|end|>
{%- if tools -%}
    {{- "<|begin|>developer<|text|>namespace functions {\\n\\n" }}
    {%- for tool in tools %}
        {%- set tool = tool.function %}
        {{- "// " + tool.description + "\\n" }}
        {{- "type " + tool.name + " = " }}
        {%- if tool.parameters and tool.parameters.properties %}{{- "(_: " }}{{- render_type(tool.parameters) }}{{- ") => any;\\n\\n" }}{%- else %}{{- "() => any;\\n\\n" }}{%- endif %}
    {%- endfor %}
    {{- "}<|end|>" }}
{%- endif -%}
{%- set last_call = namespace(name=none) %}
{%- for message in messages -%}
    {%- if message.role == 'assistant' -%}
        {%- if "tool_calls" in message and message.tool_calls %}
            {%- set call = message.tool_calls[0].function %}
            {{- "<|begin|>assistant to=functions." + call.name + "<|channel|>commentary json<|text|>" + call.arguments|tojson + "<|call|>" }}
            {%- set last_call.name = call.name %}
        {%- elif loop.last and not add_generation_prompt %}
            {%- generation -%}{{- "<|begin|>assistant<|channel|>final<|text|>" + message.content + "<|return|>" }}{%- endgeneration -%}
        {%- else %}
            {{- "<|begin|>assistant<|channel|>final<|text|>" + message.content + "<|end|>" }}
            {%- set last_call.name = none %}
        {%- endif %}
    {%- elif message.role == 'tool' -%}
        {%- if last_call.name is none %}{{- raise_exception("A result came, but nothing was called") }}{%- endif %}
        {{- "<|begin|>functions." + last_call.name + " to=assistant<|text|>" + message.content|tojson + "<|end|>" }}
    {%- elif message.role == 'user' -%}
        {{- "<|begin|>user<|text|>" + message.content + "<|end|>" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|begin|>assistant{%- endif -%}"""

STYLES = {"chatml": CHATML, "headers": HEADERS, "thinking": THINKING, "brackets": BRACKETS, "turns": TURNS, "plain": PLAIN, "zephyr": ZEPHYR, "steps": STEPS, "commands": COMMANDS, "channels": CHANNELS}

TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "Says how the weather is.\nAnywhere.", "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "A town"}, "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
        "days": {"type": "array", "items": {"type": "integer"}}, "where": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": ["number", "null"]}}}}, "required": ["place"]}}},
    {"type": "function", "function": {"name": "add", "description": "", "parameters": {"type": "object", "properties": {}, "required": []}}},
]
CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": {"place": "Zürich <b>", "days": [1, 2]}}}
CHATS = [
    [{"role": "user", "content": "  Hello there \n"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nBecause."}, {"role": "user", "content": "And \"then\"?"}],
    [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "content": "sunny", "tool_call_id": "abcdefghi"}, {"role": "assistant", "content": "It is sunny."}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "reasoning_content": "long thoughts"}, {"role": "assistant", "content": "c"}],
    [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is this?"}]}],
    [{"role": "assistant", "content": "I go first"}], [{"role": "tool", "content": "lost"}], [{"role": "clown", "content": "x"}],
    [{"role": "user", "content": "two calls"}, {"role": "assistant", "content": None, "tool_calls": [CALL, dict(CALL, id="short")]}],
]


def all_cases():
    """(template, variables) of every case."""
    cases = [("{{ %s }}" % line, VARIABLES) for line in EXPRESSIONS + FAILING]
    # One by one, too, so that what one part does is not hidden by another's error.
    cases += [(template, VARIABLES) for template in STATEMENTS]
    for template in STYLES.values():
        for messages in CHATS:
            for prompt in (False, True):
                base = {"messages": messages, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>"}
                cases.append((template, dict(base, tools=None, documents=None)))
                if prompt:
                    cases.append((template, dict(base, tools=TOOLS, documents=[{"title": "A", "text": "é"}, {"title": "B", "text": "x"}], enable_thinking=False)))
    return cases
