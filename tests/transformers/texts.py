"""Texts that tokenizers are trained and compared on: many scripts, code, emoji, broken UTF-8, random bytes.

Everything is bytes; `as_python` is how Python would read them.
"""
import random

PROSE = [
    "The quick brown fox jumps over the lazy dog. It's what they'd've said, isn't it? We'll see; I'm sure you're right.",
    "In 2024 the price rose from $1,234.56 to €2.000,99 (about 62%), said Mr. O'Neill -- \"unbelievable\"!",
    "A tokenizer cuts text into pieces, and a model turns every piece into tokens of its vocabulary.",
    "Der schnelle braune Fuchs springt über den faulen Hund. Straße, Größe, Übermut, ÄÖÜß; naïve façade, cœur, Ærø.",
    "Ľúbím ťa, příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń. Pchnąć w tę łódź jeża.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Київ, Львів; это — тест № 5.",
    "Ο γρήγορος αλεπού πηδάει πάνω από τον τεμπέλη σκύλο. ΟΔΟΣ ὈΔΥΣΣΕΎΣ ᾼ ΐ.",
    "İstanbul'da ışık ve IĞDIR: dotted İ, dotless ı. Việt Nam: tiếng Việt có nhiều dấu, ậ ễ ộ ữ.",
    "مرحبا بالعالم، كيف حالك اليوم؟ السَّلَامُ عَلَيْكُمْ ١٢٣٤٥ ـــ فارسی: می‌خواهم ۶۷۸.",
    "שלום עולם! בְּרֵאשִׁית בָּרָא אֱלֹהִים אֵת הַשָּׁמַיִם.",
    "नमस्ते दुनिया, यह एक परीक्षण है। क्षत्रिय ज्ञान १२३ ॐ. বাংলা ভাষা আমার. தமிழ் மொழி. తెలుగు భాష. ಕನ್ನಡ.",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ น้ำ กำลัง ๑๒๓. ພາສາລາວ. ភាសាខ្មែរ. မြန်မာဘာသာ.",
    "这是一个测试句子，包含中文标点。我们今天去哪里吃饭？人工智能与机器学习。《红楼梦》、「你好」！",
    "これは日本語のテストです。カタカナとひらがなと漢字、ｶﾀｶﾅ、全角ＡＢＣ１２３。東京タワー㍻㈱①②③。",
    "안녕하세요 세계! 한국어 토크나이저 테스트입니다. 한글 각각 값 \u1112\u1161\u11ab\u1100\u1173\u11af.",
    "ქართული ენა მხედრული. Հայերեն լեզու. አማርኛ ቋንቋ። ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ. བོད་སྐད། ᠮᠣᠩᠭᠣᠯ. ᚠᛇᚻ ⵜⴰⵎⴰⵣⵉⵖⵜ.",
    "Emoji: 😀😃 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷🇯🇵🇺🇸🇬 ❤️ ☕️ 1️⃣ #️⃣ 🧑🏿‍🚀 ♥ ✓ ™ © ®.",
    "Math: ∑_{i=0}^{n} x² ≤ ½·∫√(α²+β²) ≠ ∞ → ∀x∈ℝ: ⌊x⌋ ≈ 𝕏 𝓐𝓑 𝟘𝟙 ﬁ ﬂ ﬀ ℡ ㎏ ½ ⅷ Ⅷ.",
    "Combining: e\u0301 a\u0308\u0323 n\u0303 \u0301start o\u0302\u0323\u0301 A\u030a \u212b \u1e9b\u0323 q\u0307\u0323 \u0344 \u0958 \u2126.",
    "Zalgo: Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319a\u0317\u0348\u034d\u035al\u0360go \u0489!",
    "<s>special</s> <|endoftext|> [CLS] and [SEP], <mask> , [MASK]x x[MASK] <unk> <pad> </w> ▁under ##ing <0x41> Ġx",
]
CODE = [
    "def f(x: int) -> str:\n    \"\"\"Doc.\"\"\"\n\tfor i in range(10):\n        print(f\"{x!r:>10} {i}\")  # comment\r\n    return x ** 2 // 3\n\n\n",
    "int main(void) {\n  std::vector<std::string> v{\"a\", \"b\"};\n  return v.size() != 0 && !v[0].empty() ? 1'000'000 : 0x7fff;\n}\n",
    "<html>\n<body class=\"a-b_c\">&nbsp;&lt;p&gt;</body>\n</html>\n\n   \n\t\t{\"key\": [1, 2.5e-10, null, true]}\n",
    "SELECT * FROM users WHERE id=42 AND name LIKE '%O''Brien%'; -- ok\nhttps://example.org/a/b?c=d&e=%20f#g user@host.tld\n",
    "$ ls -la /usr/bin | grep -E '^d.*x$' && echo \"${HOME}\" > /dev/null 2>&1\n\\begin{eq}\\frac{a}{b}\\end{eq} ~~~ === --- ... ???!!!\n",
]
EDGES = [
    "", " ", "  ", "\n", "\r\n", "\n\n  \n", "a", " a", "a ", "  a  b   c ", "\t\tx\t", "x\n", "x \n y", "...", "'s", "'S'T'RE", "can't", "'\u017f x",
    "1234567890", " 12 345 6789", "a1b22c333", "\u00a0x\u00a0\u00a0y", "\u3000全角\u3000", "\u200b\u200c\u200dx\ufeff", "\u0085x\u2028y\u2029z",
    "\x00\x01\x02", "a\x00b", "\x7f\x80\x9f", "\ufffd", "\ufffe\uffff", "\U0010ffff\U000e0001", "e\u0301", "\u0301", "\r", "\r\r\n\n", "\u00adsoft\u00adhyphen",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "the" * 60, "日本" * 50, " " * 200, "\n" * 77, "ab " * 100, "😀" * 40, "e\u0301" * 50, "🇩" * 9, "한" * 33, "!" * 150,
    "<mask>", " <mask>", "a <mask> b", "<mask><mask>", "  <mask>  ", "[MASK]", "x[MASK]y", "<|endoftext|><|endoftext|>", "<s></s>", "\n<mask>\n",
]


def broken(rng):
    """Well-formed text with bytes dropped, added and changed."""
    data = bytearray(rng.choice(PROSE + CODE).encode())
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(data))
        what = rng.randrange(4)
        if what == 0:
            del data[at]
        elif what == 1:
            data[at] = rng.randrange(256)
        elif what == 2:
            data.insert(at, rng.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xF8, 0xFF]))
        else:
            data[at:at] = rng.choice([b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xf0\x9f\x98", b"\xe4\xbd"])
    return bytes(data)


def random_code_points(rng, length):
    ranges = [(0x20, 0x7F), (0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x700), (0x900, 0xE00), (0x1100, 0x1200),
              (0x1E00, 0x2000), (0x2000, 0x2070), (0x2100, 0x2200), (0x3000, 0x3100), (0x3200, 0x3400), (0x4E00, 0x5000), (0xAC00, 0xAD00),
              (0xF900, 0xFB10), (0xFE00, 0xFE10), (0xFF00, 0xFFF0), (0x1F1E6, 0x1F200), (0x1F300, 0x1F650), (0x1D400, 0x1D500), (0x9, 0xE)]
    return "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(length))


def corpus(seed=1, randoms=60):
    """The bytes that everything is compared on; the same for the same seed."""
    rng = random.Random(seed)
    texts = [text.encode() for text in PROSE + CODE + EDGES]
    texts.append("\n".join(PROSE).encode())
    texts.append("".join(CODE).encode())
    for _ in range(randoms):
        texts.append(broken(rng))
        texts.append(rng.randbytes(rng.randint(1, 120)))
        texts.append(random_code_points(rng, rng.randint(1, 60)).encode())
        words = " ".join(PROSE).split(" ")
        texts.append(rng.choice([" ", "  ", "\n", "\t"]).join(rng.sample(words, rng.randint(1, 12))).encode())
    return texts


def as_python(text):
    return text.decode("utf-8", errors="replace")
