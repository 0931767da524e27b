"""Compares canonical forms with libxml2's: `c14n | c14n_check.py`, where c14n is the example of that name.

libxml2 is asked by the functions that xmlsec1 uses: the node-set of one element with all that is in it, exclusive,
without comments. The last line is one JSON object; exit status 1 where a form differs.
"""

import ctypes
import ctypes.util
import json
import sys

libxml2 = ctypes.CDLL(ctypes.util.find_library("xml2") or "libxml2.so.2")
pointer = ctypes.c_void_p
for name, result, arguments in [
    ("xmlReadMemory", pointer, [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]),
    ("xmlXPathNewContext", pointer, [pointer]),
    ("xmlXPathEvalExpression", pointer, [ctypes.c_char_p, pointer]),
    ("xmlC14NDocDumpMemory", ctypes.c_int,
     [pointer, pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]),
    ("xmlXPathFreeObject", None, [pointer]),
    ("xmlXPathFreeContext", None, [pointer]),
    ("xmlFreeDoc", None, [pointer]),
]:
    function = getattr(libxml2, name)
    function.restype, function.argtypes = result, arguments


class XPathObject(ctypes.Structure):
    """The first fields of libxml2's xmlXPathObject."""

    _fields_ = [("type", ctypes.c_int), ("nodes", pointer)]


def canonical(document, apex, prefixes):
    text = document.encode()
    doc = libxml2.xmlReadMemory(text, len(text), b"d.xml", b"UTF-8", 0)
    assert doc, document
    context = libxml2.xmlXPathNewContext(doc)
    inside = f"(//. | //@* | //namespace::*)[count(ancestor-or-self::* | (//*)[{apex + 1}]) = count(ancestor-or-self::*)]"
    found = libxml2.xmlXPathEvalExpression(inside.encode(), context)
    nodes = ctypes.cast(found, ctypes.POINTER(XPathObject)).contents.nodes
    listed = (ctypes.c_char_p * (len(prefixes) + 1))(*[prefix.encode() for prefix in prefixes], None)
    out = ctypes.c_char_p()
    length = libxml2.xmlC14NDocDumpMemory(doc, nodes, 1, listed, 0, ctypes.byref(out))
    assert length >= 0, document
    form = ctypes.string_at(out, length).decode()
    libxml2.xmlXPathFreeObject(found)
    libxml2.xmlXPathFreeContext(context)
    libxml2.xmlFreeDoc(doc)
    return form


documents = differences = 0
for line in sys.stdin:
    case = json.loads(line)
    documents += 1
    theirs = canonical(case["document"], case["apex"], case["prefixes"])
    if theirs != case["canonical"]:
        differences += 1
        if differences <= 5:
            print("document ", repr(case["document"]), "\nelement  ", case["apex"], case["prefixes"])
            print("ours     ", repr(case["canonical"]), "\nlibxml2's", repr(theirs))
print(json.dumps({"documents": documents, "differences": differences}))
sys.exit(1 if differences or not documents else 0)
