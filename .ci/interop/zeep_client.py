"""Python zeep against a serving sandbox, from the served WSDL over mutual TLS: `zeep_client.py DIR`.

Submits the work-permit application of DIR/requests/NopHoSo.xml as zeep's own objects, then looks it up, lists it and
reads its progress, over SOAP 1.1 and SOAP 1.2, with and without X-Road headers; then sends what must be refused.
"""

import copy
import json
import pathlib
import sys
import uuid

import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport

directory = pathlib.Path(sys.argv[1])
ready = json.loads((directory / "ready.json").read_text())
pki = directory / "pki"
XROAD = "{http://x-road.eu/xsd/xroad.xsd}"
passed = 0


def ok(what):
    global passed
    passed += 1
    print("ok:", what)


def session(member):
    made = requests.Session()
    # Else a CA bundle named in the environment would win over the sandbox's.
    made.trust_env = False
    made.verify = str(pki / "ca.crt")
    made.cert = (str(pki / "members" / f"{member}.crt"), str(pki / "members" / f"{member}.key"))
    return made


def values(element):
    """An element's children as zeep takes them: text, dictionaries, lists where a name repeats."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    made = {}
    for child in children:
        name, value = etree.QName(child).localname, values(child)
        if name in made:
            made[name] = (made[name] if isinstance(made[name], list) else [made[name]]) + [value]
        else:
            made[name] = value
    return made


request = etree.parse(str(directory / "requests" / "NopHoSo.xml")).getroot()
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
header_blocks = [block for block in request.find(f"{SOAP}Header") if isinstance(block.tag, str)]
dossier = values(request.find(f"{SOAP}Body")[0])


def headers(operation):
    """The request's X-Road headers for another operation, with an id of their own."""
    made = copy.deepcopy(header_blocks)
    for block in made:
        if block.tag == f"{XROAD}id":
            block.text = str(uuid.uuid4())
        for code in block.iter("{http://x-road.eu/xsd/identifiers}serviceCode"):
            code.text = operation
    return made


client = zeep.Client(ready["soap"] + "?wsdl", transport=Transport(session=session("dvcqg"), timeout=20))
(service_name, service), *_ = client.wsdl.services.items()
assert len(service.ports) >= 2, "the WSDL offers SOAP 1.1 and SOAP 1.2"

for port_name in service.ports:
    port = client.bind(service_name, port_name)

    def call(operation, **arguments):
        answer = getattr(port, operation)(**arguments, _soapheaders=headers(operation))
        # zeep returns header and body apart where the WSDL describes answer headers.
        return getattr(answer, "body", answer)

    submitted = call("NopHoSo", **dossier)
    assert submitted.error_code == "0", submitted
    code = submitted.MaHoSo
    ok(f"{port_name}: NopHoSo gave {code}")

    found = serialize_object(call("TraCuuHoSo", MaHoSo=code).HoSo, dict)
    assert found["MaHoSo"] == code and found["TrangThaiHoSo"] == "1", found
    for name, sent in dossier["HoSo"].items():
        if isinstance(sent, str) and sent and name not in ("NgayNopHoSo", "TenTTHC", "TenLinhVuc", "MaLinhVuc"):
            assert str(found[name]) == sent, f"{name}: sent {sent!r}, found {found[name]!r}"
    ok(f"{port_name}: TraCuuHoSo gives back what was sent")

    day = f"{found['NgayNopHoSo'][0:4]}-{found['NgayNopHoSo'][4:6]}-{found['NgayNopHoSo'][6:8]}"
    listed = call("DanhSachHoSo", donViXuLy=found["MaDonViXuLy"], ngayNhan1=day, ngayNhan2=day, soLuong=200)
    assert code in [row.MaHoSo for row in listed.data], f"{code} is not listed among {listed.total}"
    ok(f"{port_name}: DanhSachHoSo lists it among {listed.total}")

    steps = call("LayTienDoHoSo", MaHoSo=code)
    assert steps.error_code == "0" and len(steps.TienTrinh) >= 1, steps
    ok(f"{port_name}: LayTienDoHoSo has {len(steps.TienTrinh)} step(s)")

    unknown = call("TraCuuHoSo", MaHoSo="000.00.00.G07-180615-9999")
    assert unknown.error_code not in ("0", None) and unknown.HoSo is None, unknown
    ok(f"{port_name}: an unknown code is answered in the body with error_code {unknown.error_code}")

    try:
        broken = copy.deepcopy(dossier)
        broken["HoSo"]["NgayNopHoSo"] = "20240231100000"
        call("NopHoSo", **broken)
        sys.exit("FAILED: the 31st of February was accepted")
    except Fault as fault:
        assert "invalid" in etree.tostring(fault.detail).decode(), fault
        ok(f"{port_name}: the 31st of February is a fault: {fault.message}")

# A client that knows nothing of X-Road: the certificate alone says who calls.
plain = client.service.TraCuuHoSo(MaHoSo=code)
assert getattr(plain, "body", plain).HoSo.MaHoSo == code
ok("TraCuuHoSo without X-Road headers")

other = zeep.Client(ready["soap"] + "?wsdl", transport=Transport(session=session("h29"), timeout=20))
try:
    other.service.TraCuuHoSo(MaHoSo=code, _soapheaders=headers("TraCuuHoSo"))
    sys.exit("FAILED: h29 spoke in the national portal's name")
except Fault as fault:
    ok(f"a client header that names another member is a fault: {fault.message}")
print(f"{passed} passed, 0 failed")
