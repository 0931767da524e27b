"""Signed messages against a serving sandbox, made by libxmlsec1 and zeep: `wsse_client.py DIR`.

Gives two members keys of every kind, waits until the gateway has taken them over, then signs by every algorithm and
every way to name a certificate, with xmlsec's Python binding, the xmlsec1 command and zeep's WSSE plugin. Answers come
back signed and are verified by the same. What was changed after it was signed is refused.
"""

import base64
import copy
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

import requests
import xmlsec
import zeep
from lxml import etree
from zeep.transports import Transport
from zeep.wsse.signature import BinarySignature, Signature, _verify_envelope_with_key

directory = pathlib.Path(sys.argv[1])
ready = json.loads((directory / "ready.json").read_text())
pki = directory / "pki"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{OASIS}wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XROAD = "http://x-road.eu/xsd/xroad.xsd"
passed = 0


def ok(what):
    global passed
    passed += 1
    print("ok:", what)


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


def certificate(name, *key):
    """A key of this kind, and a certificate of the sandbox's CA for it."""
    files = [str(pki / "members" / f"{name}.{end}") for end in ("key", "csr", "crt")]
    run("openssl", "genpkey", *key, "-out", files[0])
    os.chmod(files[0], 0o600)
    run("openssl", "req", "-new", "-key", files[0], "-subj", f"/C=VN/O=interop/CN={name}", "-out", files[1])
    extensions = tempfile.NamedTemporaryFile("w", suffix=".cnf")
    extensions.write("keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n")
    extensions.flush()
    run("openssl", "x509", "-req", "-in", files[1], "-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"),
        "-CAcreateserial", "-days", "30", "-extfile", extensions.name, "-out", files[2])
    return files[0], files[2]


RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
curve = lambda name: ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}")
keys = {
    "rsa": certificate("wsse-rsa", *RSA),
    "p256": certificate("wsse-p256", *curve("P-256")),
    "p384": certificate("wsse-p384", *curve("P-384")),
}
strict, lax = certificate("wsse-strict", *curve("P-256")), certificate("wsse-lax", *curve("P-256"))


def member(name, code, policy):
    signing = ", ".join(f'{{ file = "{crt}" }}' for _, crt in keys.values())
    return (f'\n[[member]]\nid = "{name}"\nx_road = ["VN/GOV/{code}/wsse"]\nagencies = ["{code}"]\n'
            f'certificates = [{{ file = "pki/members/{name}.crt" }}]\nsigning_certificates = [{signing}]\n'
            f'signature = "{policy}"\nsign_answers = true\n')


# Both sign with the same keys: the strict one may speak for the other.
members = directory / "members.toml"
changed = members.read_text() + member("wsse-strict", "000.00.00.H01", "message") + 'speaks_for = ["wsse-lax"]\n'
changed += member("wsse-lax", "000.00.00.H02", "body")
(directory / "members.new").write_text(changed)
(directory / "members.new").rename(members)


def session(pair):
    made = requests.Session()
    made.trust_env = False
    made.verify, made.cert = str(pki / "ca.crt"), (pair[1], pair[0])
    return made


gateway = xmlsec.Key.from_file(str(pki / "gateway.crt"), xmlsec.KeyFormat.CERT_PEM)
line = session(strict)


def post(envelope):
    body = envelope if isinstance(envelope, bytes) else etree.tostring(envelope)
    answer = line.post(ready["soap"], data=body, headers={"Content-Type": "text/xml; charset=utf-8"})
    parsed = etree.fromstring(answer.content)
    code = parsed.find(".//{urn:lienthong:fault:1}Code")
    return parsed, answer.content, "ok" if code is None else code.text


def question():
    """An unsigned lookup with X-Road's headers and a Timestamp, ids on all that is to be signed."""
    now = datetime.datetime.now(datetime.timezone.utc)
    later = now + datetime.timedelta(minutes=4)
    form = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    party = lambda name, kind, code, more: (
        f'<x:{name} i:objectType="{kind}"><i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass>'
        f"<i:memberCode>{code}</i:memberCode>{more}</x:{name}>")
    client = party("client", "SUBSYSTEM", "000.00.00.H01", "<i:subsystemCode>wsse</i:subsystemCode>")
    service = party("service", "SERVICE", "000.00.00.G07",
                    "<i:subsystemCode>hoso</i:subsystemCode><i:serviceCode>TraCuuHoSo</i:serviceCode>")
    return etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:u="{WSU}" xmlns:x="{XROAD}" xmlns:i="http://x-road.eu/xsd/identifiers">'
        f'<s:Header><o:Security xmlns:o="{WSSE}" s:mustUnderstand="1"><u:Timestamp u:Id="time">'
        f"<u:Created>{form(now)}</u:Created><u:Expires>{form(later)}</u:Expires></u:Timestamp></o:Security>"
        f'{client}{service}<x:id u:Id="message">{uuid.uuid4()}</x:id><x:protocolVersion>4.0</x:protocolVersion>'
        f'</s:Header><s:Body u:Id="body"><h:TraCuuHoSo xmlns:h="http://molisa.gov.vn/hoso/1.0">'
        f"<MaHoSo>000.00.00.G07-180615-9999</MaHoSo></h:TraCuuHoSo></s:Body></s:Envelope>".encode())


def der(crt):
    return run("openssl", "x509", "-in", crt, "-outform", "der")


def naming(how, crt):
    """A SecurityTokenReference, and the token that it needs."""
    text = base64.b64encode(der(crt)).decode()
    encoding = f'EncodingType="{OASIS}soap-message-security-1.0#Base64Binary"'
    token = f'<o:BinarySecurityToken xmlns:o="{WSSE}" {encoding} ValueType="{OASIS}x509-token-profile-1.0#X509v3" ' \
            f'u:Id="token" xmlns:u="{WSU}">{text}</o:BinarySecurityToken>'
    if how == "token":
        return f'<o:Reference URI="#token" ValueType="{OASIS}x509-token-profile-1.0#X509v3"/>', token
    if how == "key identifier":
        shown = run("openssl", "x509", "-in", crt, "-noout", "-ext", "subjectKeyIdentifier").decode().split()[-1]
        identifier = base64.b64encode(bytes.fromhex(shown.replace(":", ""))).decode()
        kind = f"{OASIS}x509-token-profile-1.0#X509SubjectKeyIdentifier"
        return f'<o:KeyIdentifier ValueType="{kind}" {encoding}>{identifier}</o:KeyIdentifier>', ""
    issuer = run("openssl", "x509", "-in", crt, "-noout", "-issuer", "-nameopt", "RFC2253").decode().strip()[7:]
    serial = int(run("openssl", "x509", "-in", crt, "-noout", "-serial").decode().strip()[7:], 16)
    return (f'<d:X509Data xmlns:d="{DS}"><d:X509IssuerSerial><d:X509IssuerName>{issuer}</d:X509IssuerName>'
            f"<d:X509SerialNumber>{serial}</d:X509SerialNumber></d:X509IssuerSerial></d:X509Data>"), ""


def template(envelope, how, crt, signature_method, digest_method, prefixes=None):
    """Puts an empty signature over Body, Timestamp and message id into the Security header."""
    reference, token = naming(how, crt)
    inclusive = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="{prefixes}"/>' if prefixes else ""
    references = "".join(
        f'<d:Reference URI="#{id}"><d:Transforms><d:Transform Algorithm="{EXCLUSIVE}">{inclusive}</d:Transform>'
        f'</d:Transforms><d:DigestMethod Algorithm="{digest_method}"/><d:DigestValue/></d:Reference>'
        for id in ("body", "time", "message"))
    security = envelope.find(f".//{{{WSSE}}}Security")
    if token:
        security.append(etree.fromstring(token))
    security.append(etree.fromstring(
        f'<d:Signature xmlns:d="{DS}" xmlns:o="{WSSE}">\n<d:SignedInfo><d:CanonicalizationMethod '
        f'Algorithm="{EXCLUSIVE}">{inclusive}</d:CanonicalizationMethod><d:SignatureMethod Algorithm="{signature_method}"/>'
        f"{references}</d:SignedInfo><d:SignatureValue/><d:KeyInfo><o:SecurityTokenReference>{reference}"
        f"</o:SecurityTokenReference></d:KeyInfo></d:Signature>"))
    return envelope


def sign(envelope, key, crt):
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(key, xmlsec.KeyFormat.PEM)
    for node in envelope.iterfind(f".//*[@{{{WSU}}}Id]"):
        context.register_id(node, "Id", WSU)
    context.sign(envelope.find(f".//{{{DS}}}Signature"))
    return envelope


# Until the gateway has looked at its files again.
for _ in range(300):
    if post(question())[2] == "security_missing":
        break
    time.sleep(0.1)
else:
    sys.exit("the gateway did not take the members over in 30 s: " + post(question())[2])
ok("new members are taken over, and must sign")

MORE, DIGESTS = "http://www.w3.org/2001/04/xmldsig-more#", {
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
SIGNATURES = {f"rsa-{hash}": ("rsa", f"{MORE}rsa-{hash}") for hash in DIGESTS}
SIGNATURES |= {f"rsa-pss-{hash}": ("rsa", f"http://www.w3.org/2007/05/xmldsig-more#{hash}-rsa-MGF1") for hash in DIGESTS}
SIGNATURES |= {f"ecdsa-{hash} on {kind}": (kind, f"{MORE}ecdsa-{hash}") for hash in DIGESTS for kind in ("p256", "p384")}
WAYS = ("token", "key identifier", "issuer and serial")
for at, (name, (kind, method)) in enumerate(SIGNATURES.items()):
    for digest, digest_method in DIGESTS.items():
        key, crt = keys[kind]
        prefixes = (None, "s x", "#default u")[at % 3]
        signed = sign(template(question(), WAYS[at % 3], crt, method, digest_method, prefixes), key, crt)
        text = etree.tostring(signed)
        answer, raw, code = post(text)
        if code != "ok":
            sys.exit(f"{name} with {digest}, {WAYS[at % 3]}: {code}\n{text.decode()}\n{raw.decode()}")
        _verify_envelope_with_key(answer, gateway)
        forged = sign(template(question(), WAYS[at % 3], crt, method, digest_method, prefixes), key, crt)
        forged.find(".//MaHoSo").text += "1"
        code = post(forged)[2]
        if code != "security_invalid":
            sys.exit(f"{name} with {digest}, changed after it was signed: {code}")
    ok(f"{name}, {WAYS[at % 3]}, every digest; signed answers verified")
for how in WAYS:
    key, crt = keys["rsa"]
    code = post(sign(template(question(), how, crt, f"{MORE}rsa-sha256", DIGESTS["sha256"]), key, crt))[2]
    if code != "ok":
        sys.exit(f"{how}: {code}")
    ok(f"certificate named by {how}")
key, crt = keys["rsa"]
weak = sign(template(question(), "token", crt, f"{DS}rsa-sha1", DIGESTS["sha256"]), key, crt)
assert post(weak)[2] == "security_unsupported", post(weak)[2]
ok("SHA-1 is refused")

# The xmlsec1 command, both ways.
with tempfile.TemporaryDirectory() as folder:
    ids = ["--id-attr:Id", f"{SOAP}:Body", "--id-attr:Id", f"{WSU}:Timestamp", "--id-attr:Id", f"{XROAD}:id"]
    for kind in keys:
        key, crt = keys[kind]
        method = f"{MORE}rsa-sha256" if kind == "rsa" else f"{MORE}ecdsa-sha256"
        unsigned = pathlib.Path(folder, "unsigned.xml")
        unsigned.write_bytes(etree.tostring(template(question(), "token", crt, method, DIGESTS["sha256"])))
        signed = run("xmlsec1", "--sign", "--privkey-pem", key, *ids, str(unsigned))
        answer, raw, code = post(signed)
        if code != "ok":
            sys.exit(f"xmlsec1 signed with {kind}: {code}\n{raw.decode()}")
        pathlib.Path(folder, "answer.xml").write_bytes(raw)
        run("xmlsec1", "--verify", "--pubkey-cert-pem", str(pki / "gateway.crt"), *ids, f"{folder}/answer.xml")
        ok(f"xmlsec1 signs with {kind}; xmlsec1 verifies the answer")


def verified(plugin):
    """zeep verifies with its own certificate; here the gateway's counts."""

    class Verified(plugin):
        def verify(self, envelope):
            _verify_envelope_with_key(envelope, gateway)
            return envelope

    return Verified


for plugin in (BinarySignature, Signature):
    for method, digest in (("RSA_SHA256", "SHA256"), ("RSA_SHA512", "SHA512")):
        key, crt = keys["rsa"]
        wsse = verified(plugin)(key, crt, None, getattr(xmlsec.Transform, method), getattr(xmlsec.Transform, digest))
        client = zeep.Client(ready["soap"] + "?wsdl", transport=Transport(session=session(lax)), wsse=wsse)
        found = client.service.TraCuuHoSo(MaHoSo="000.00.00.G07-180615-9999")
        assert found is not None
        ok(f"zeep's {plugin.__name__} with {method}")
print(json.dumps({"passed": passed}))
