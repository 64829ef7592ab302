"""What no translator may touch, as patterns: one readable table, tried from top to bottom.

Each entry is a kind (the word that a row's provenance counts by) and a pattern. Where a pattern has a group `keep`, only that
group is protected. An earlier kind wins over a later one on the same characters.
"""

# ruff: noqa: E501 - a table of patterns is read by the line

import re

_TLD = "com|org|net|edu|gov|info|io|ai|app|dev|eu|se|dk|no|fi|is|de|uk|fr|es|it|nl|pl|us|ca|au|jp|cn|in|tv|me"
_FILE = (
    "py|ipynb|js|ts|jsx|tsx|java|c|h|cpp|hpp|cs|go|rs|rb|php|pl|sh|bat|ps1|sql|r|m|swift|kt|txt|md|rst|csv|tsv|json|jsonl|xml|yaml|"
    "yml|toml|ini|cfg|conf|log|html|htm|css|pdf|docx?|xlsx?|pptx?|odt|png|jpe?g|gif|svg|bmp|webp|mp3|mp4|wav|avi|zip|gz|tar|exe|dll|"
    "jar|iso|img|db|sqlite|parquet|tex|bib"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
_MOVE = r"(?:[KQRBN][a-h]?[1-8]?x?[a-h][1-8]|[a-h](?:x[a-h])?[1-8](?:=[QRBN])?|O-O(?:-O)?|0-0(?:-0)?)[+#]?[!?]{0,2}"
_TURN = r"(?:\d+\.(?:\.\.)?\s?)?"
_OPERAND = rf"(?:[-−]?{_NUMBER}[a-zA-Z]?\d*|\b[a-zA-Z]\b)"

# A command: a program, and options, paths, globs, pipes or variables after it. The names are those that are words, too.
_PROGRAMS = (
    "find|grep|egrep|sed|awk|cat|cut|sort|uniq|head|tail|less|more|wc|tr|tee|xargs|ls|cd|cp|mv|rm|rmdir|mkdir|touch|ln|chmod|chown|chgrp|tar|"
    "zip|unzip|gzip|gunzip|ssh|scp|rsync|curl|wget|ping|dig|ps|kill|killall|top|df|du|mount|umount|man|which|whoami|echo|printf|export|alias|source|"
    "sudo|su|systemctl|service|journalctl|crontab|date|time|watch|diff|patch|make|cmake|gcc|clang|go|cargo|rustc|python3?|pip3?|conda|node|npm|npx|yarn|"
    "java|javac|ruby|gem|perl|php|git|svn|hg|docker|podman|kubectl|helm|terraform|ansible|vagrant|psql|mysql|sqlite3|redis-cli|mongo|ffmpeg|convert|"
    "openssl|gpg|nano|vim?|emacs|tmux|screen|apt|apt-get|yum|dnf|brew|pacman|snap|ipconfig|ifconfig|ip|netstat|nslookup|dir|del|copy|move"
)
# What follows a program inside a sentence, too: options, paths, globs, quoted strings after an option.
_ARGUMENT = rf"(?:-{{1,2}}[A-Za-z][\w-]*(?:=\S+)?(?:\s'[^'\n]*')?(?:\s\+?\d+\b)?|(?:~|\.{{1,2}})?/[\w./*-]*[\w*/]|[\w-]*\*\.?\w*|[\w-]+\.(?:tar\.)?(?:{_FILE})\b)"

HARD: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, flags))
    for kind, pattern, flags in (
        ("code", r"(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", 0),
        ("latex", r"\$\$[^$]+\$\$|\\\(.+?\\\)|\\\[.+?\\\]", 0),
        ("latex", r"(?<![\w$])\$(?=[^\s$])(?=[^$\n]*[\\^_={}A-Za-z])(?![\d.,]+\s)[^$\n]*(?<=[^\s$])\$(?![\w$])", 0),
        ("regex", r"(?<!\S)[^\s\w\"'“]?\S*(?:\(\?(?:[:=!]|<[=!]|P?<)|\\[bBdDwWsS](?![A-Za-z])|\[\^?\w-\w[^\]\s]*\][+*?{])[^\s]*(?<![.,;:!?])", 0),
        ("latex", r"\\[a-zA-Z]+(?:\{[^{}\n]*\})+|\\(?:alpha|beta|gamma|delta|pi|theta|lambda|sigma|mu|times|cdot|le|ge|ne)\b", 0),
        ("email", r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", 0),
        ("url", r"\b(?:https?|ftp|file)://[^\s<>\"'”»]*[^\s<>\"'”».,;:!?)\]}]", 0),
        ("url", rf"(?<![\w@.-])(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:{_TLD})(?:/[^\s<>\"'”»]*[^\s<>\"'”».,;:!?)\]}}])?(?![\w-]|\.\w)", 0),
        ("link", r"\]\([^()\s]*(?:\s\"[^\"\n]*\")?\)", 0),
        ("tag", r"</?[A-Za-z][^<>\n]{0,200}>|<!--.*?-->|&(?:[a-z]{2,8}|#\d{1,6});", 0),
        ("placeholder", r"(?<![\w%])%[A-Za-zÆØÅæøå][\w.-]*%(?!\w)|@@\w+@@|##\w+##|(?<!\w)([~#$])[A-ZÆØÅ][A-ZÆØÅ0-9_]+\1(?![\w\d])|\{%.*?%\}|<%.*?%>|«[\w.-]+_[\w.-]+»|\[\[[^\[\]\n]{1,60}\]\]", 0),
        ("placeholder", r"\{\{[^{}\n]{0,60}\}\}|\$?\{[^{}\n]{0,60}\}|<<[^<>\n]{1,60}>>", 0),
        ("placeholder", r"%\([\w ]+\)[sdifgxr]|(?<![\w%])%[-+0]?\d*(?:\.\d+)?[sdifgxr]\b|(?<!\w)\$[A-Za-z_]\w*", 0),
        ("placeholder", r"\[[^\[\]\n]{1,40}\](?!\()|(?<!\w)_{2,}(?!\w)|\.{4,}", 0),
        ("code", rf"(?<![\w/.-])(?:sudo )?(?:{_PROGRAMS})(?:\s{_ARGUMENT})+", 0),
        ("path", rf"(?<![\w/.])(?:[A-Za-z]:\\|~/|\.{{1,2}}/|/(?=\w))[\w.\\/-]*\w|(?<![\w.])[\w-]+(?:/[\w-]+)*\.(?:{_FILE})\b(?!\.\w)", 0),
        ("code", r"(?<![\w/.-])(?:sudo )?(?:pip3?|npm|yarn|git|apt-get|apt|docker|conda|brew|cargo|kubectl) (?:install|add|commit|push|pull|clone|run|init|update|upgrade|build|remove|checkout|merge|status|log|start|exec|apply|get)\b(?: -{1,2}[\w=-]+)*(?: (?:https?://)?[\w./@:=-]*\w)?", 0),
        ("identifier", r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b|\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b", 0),
        ("identifier", r"(?<![\w:])(?=[0-9A-Fa-f:]*\d)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?:/\d{1,3})?(?![\w:])(?<!\d\d:\d\d:\d\d)|\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{12,128}\b", 0),
        ("identifier", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}|:\d{2,5})?(?![\w])", 0),
        ("game-move", rf"(?<![\w-]){_TURN}{_MOVE}(?:\s+{_TURN}{_MOVE})*(?![\w-])", 0),
        ("identifier", r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\((?!s\)|es\)|n\)|er\)|en\)|r\))[^()\n]{0,80}\)", 0),
        ("identifier", r"\b[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+\b|\b_+[A-Za-z]\w*|\b[a-z]+[A-Z]\w*\b|(?<![\w-])--?[a-z][a-z-]+(?==)", 0),
        ("identifier", r"(?<![\w-])--[a-z][\w-]*|\\[ntr0](?![a-z])|\b0x[0-9A-Fa-f]+\b|(?<!\w)[#@][A-Za-z]\w+|\b[A-Z]+\d+\w*\b", 0),
        ("identifier", r"\b[a-z]+\.[a-z_]\w*(?:\.[a-z_]\w*)+\b", 0),
        ("formula", rf"(?<![\w.]){_OPERAND}(?:\s*[-+*/×÷=^<>≤≥±·]+\s*\(?{_OPERAND}\)?)*\s*=\s*(?:{_OPERAND}|[?_]+)", 0),
        ("formula", rf"(?<![\w.,/-]){_NUMBER}(?:\s*[+*/×÷^]\s*{_NUMBER}|\s+[-−]\s+{_NUMBER})+(?![\w/])", 0),
        ("date", r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b", 0),
        ("time", r"\b\d{1,2}:\d{2}(?::\d{2})?\b", 0),
        ("version", r"\bv?\d+\.\d+\.\d+[\w.-]*\b", 0),
        ("phone", r"(?<![\w+])\+\d[\d ()-]{6,}\d\b|\(\d{3}\) ?\d{3}-\d{4}|\b\d{3}-\d{3,4}-\d{2,4}\b", 0),
        ("money", rf"[$€£¥]\s?{_NUMBER}|\b{_NUMBER}\s?[€£¥$]", 0),
        ("choice-label", r"(?<![\w(])\(?[A-Ha-h1-9]\)(?=\s|$)|\([A-Ha-h]\)", 0),
        ("choice-label", r"(?:option|answer|choice|alternative|svar|alternativ|mulighed|svarmulighed)(?: is| er|:)? (?P<keep>[A-H])\b(?!')", re.I),
        ("choice-label", r"(?:^|(?<=\s))[B-H][.:](?=\s|$)|^A[.:](?=\s|$)", 0),
    )
)  # fmt: skip

# Protected only where a translator was seen to touch them: masks cost it context.
STRICT: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("number", re.compile(r"\d+(?:[.,]\d+)*(?:\s?%)?")),
    ("markup", re.compile(r"\*{1,3}|~~|(?<!\w)_(?=\w)|(?<=\w)_(?!\w)|^#{1,6}(?=\s)")),
    ("emoji", re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u200d\ufe0f]+")),
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MARKUP = re.compile(r"\*{1,3}|~~|`+")
EMOJI = STRICT[2][1]

_CODE_LINE = re.compile(
    r"""^\s*(?:
        (?:def|class)\s+\w+.*:\s*$ | (?:from\s+[\w.]+\s+)?import\s+[\w.{}*, ]+(?:\s+(?:as|from)\s.+)?;?\s*$ | return\b.*[;\w)\]}"']\s*;?$(?<!\.)
        | (?:if|elif|for|while|with|except|try|else|finally)\b[^.?!]*:\s*$ | (?:if|for|while|switch)\s*\(.*\)\s*\{?\s*$
        | (?:var|let|const|int|float|double|char|void|bool|string|public|private|static|protected|package|using|namespace|func|fn)\b.*[;{=}]\s*.*$
        | (?:function|async\s+function)\s+\w*\s*\(.*$ | \#\s*include\b.* | \#!.* | <\?\w+.* | </?[a-zA-Z][^<>]*>\s*$ | <[a-zA-Z][^<>]*>.*</[a-zA-Z]+>\s*$ | <!DOCTYPE.*
        | (?:SELECT|INSERT\ INTO|UPDATE|DELETE\ FROM|CREATE|ALTER|DROP|FROM|WHERE|(?:INNER|LEFT|RIGHT|OUTER|CROSS)?\ ?JOIN|GROUP\ BY|ORDER\ BY|HAVING|VALUES|LIMIT|UNION)\b.*
        | (?:>>>|\$|C:\\>)\s+\S.* | @\w+(?:\(.*\))?\s*$ | (?:sudo|pip|git|cd|ls|cp|mv|mkdir|curl|wget|npm|docker|apt(?:-get)?|chmod|echo)\s+[-\w./~"'].*(?<![.?!])$
        | [\w.\[\]"'$]+\s*(?:[-+*/|&%]|\*\*|//)?=\s*\S.*(?<![.?!])$ | [\w.]+\([^)]*\)\s*;?\s*$ | [\w.]+\(.*\)\s*[;{:]\s*$ | .*;\s*$ | .*\{\s*$ | \}\s*[;,)]*\s*(?:else.*|catch.*)?$
        | \}.*\{\s*$ | (?://|/\*|\*/).* | (?:pass|break|continue|end|fi|done|esac|BEGIN|END|else)\s*;?\s*$ | \\(?:begin|end|section|item|documentclass|usepackage)\b.*
    )""",
    re.X,
)
_NO_CODE = re.compile(r"^\s*[^\W\d_]+(?:[ ,]+[^\W\d_]+){5,}[^=(){};<>]*[.?!;:]?\s*$")


_SCRIPTS = "\u0370-\u03ff\u0400-\u052f\u0530-\u05ff\u0600-\u06ff\u0750-\u077f\u0900-\u0dff\u0e00-\u0eff\u10a0-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_SCRIPT = re.compile(rf"[{_SCRIPTS}]+(?:[ ,.'’-]+[{_SCRIPTS}]+)*")
_LATIN = frozenset(
    [
        "en",
        "da",
        "sv",
        "nb",
        "nn",
        "no",
        "is",
        "fo",
        "fi",
        "et",
        "de",
        "nl",
        "fr",
        "es",
        "pt",
        "it",
        "ro",
        "pl",
        "cs",
        "sk",
        "hu",
        "hr",
        "sl",
        "lt",
        "lv",
        "tr",
        "id",
        "ms",
        "vi",
        "sw",
        "af",
        "ca",
        "eu",
        "gl",
        "cy",
        "ga",
        "eo",
        "la",
    ]
)


def other_script(language: str) -> re.Pattern[str] | None:
    """Finds text in another script (a name in Arabic, Greek letters) where the language is written in Latin letters."""
    return _SCRIPT if language.split("-")[0] in _LATIN else None


_PROGRAM = re.compile(rf"\s*(?:[$#>%]\s+)?(?:sudo\s+)?(?:{_PROGRAMS})\s")
_WORDS = "the a an of to in and or for with your is are it this that all from den det de et og af til med for alle"
_SMALL = frozenset(_WORDS.split())
# What no sentence has: an option, a path, a glob, a pipe.
_SHELL_SIGN = re.compile(r"\s-{1,2}[A-Za-z]|\s[~.]?/\w|\s\.\.?(?:/|\s|$)|\*|\s\|\s|\s>{1,2}\s|&&|\$\w")


def is_code(line: str) -> bool:
    """Whether a line looks like program text, not like prose."""
    return _is_command(line) or (bool(_CODE_LINE.match(line)) and not _NO_CODE.match(line))


def _is_command(line: str) -> bool:
    """Whether a line is a command: a known program, with what no sentence has, and without the small words of sentences."""
    bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", line)
    if not _PROGRAM.match(bare) or not _SHELL_SIGN.search(bare) or bare.rstrip().endswith((".", "?", "!", ":", ",")):
        return False
    return not _SMALL & {word.strip(",") for word in bare.split()[1:]}
