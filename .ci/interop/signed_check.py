"""Verifies envelopes that the gateway's code signed, with libxmlsec1: `signed | signed_check.py`.

The last line is one JSON object; exit status 1 where one is not verified, or a changed one is.
"""

import json
import sys

import xmlsec
from lxml import etree
from zeep.wsse.signature import _verify_envelope_with_key

verified = 0
for line in sys.stdin:
    case = json.loads(line)
    key = xmlsec.Key.from_memory(case["certificate"], xmlsec.KeyFormat.CERT_PEM, None)
    _verify_envelope_with_key(etree.fromstring(case["envelope"].encode()), key)
    changed = case["envelope"].replace("Nam", "Bam")
    assert changed != case["envelope"]
    try:
        _verify_envelope_with_key(etree.fromstring(changed.encode()), key)
    except Exception:
        verified += 1
        print("ok:", case["algorithm"])
    else:
        sys.exit(f"{case['algorithm']}: a changed envelope is verified")
print(json.dumps({"verified": verified}))
sys.exit(0 if verified == 8 else 1)
