"""Python grpcio against a serving sandbox: `grpc_client.py DIR`.

Finds the dossier service by reflection alone (no generated code) and reads a dossier list over mutual TLS.
"""

import datetime
import json
import pathlib
import sys

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

directory = pathlib.Path(sys.argv[1])
ready = json.loads((directory / "ready.json").read_text())
address = ready["grpc"].removeprefix("https://")
pki = directory / "pki"

credentials = grpc.ssl_channel_credentials(
    (pki / "ca.crt").read_bytes(),
    (pki / "internal-client.key").read_bytes(),
    (pki / "internal-client.crt").read_bytes(),
)
with grpc.secure_channel(address, credentials) as channel:
    grpc.channel_ready_future(channel).result(timeout=10)
    database = ProtoReflectionDescriptorDatabase(channel)
    services = sorted(database.get_services())
    print("services:", ", ".join(services))
    assert "molisa.dossier.v1.DossierService" in services, "the dossier service is not reflected"

    pool = DescriptorPool(database)
    method = pool.FindServiceByName("molisa.dossier.v1.DossierService").FindMethodByName("ListDossiers")
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date()
    day = {"year": today.year, "month": today.month, "day": today.day}
    fields = {"unit_code": "000.00.00.G07", "from_day": day, "to_day": day, "page": 1, "page_size": 20}
    request = json_format.ParseDict(fields, message_factory.GetMessageClass(method.input_type)())
    answer_class = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_unary(
        "/molisa.dossier.v1.DossierService/ListDossiers",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer_class.FromString,
    )
    answer = json_format.MessageToDict(call(request, timeout=10))
    print("ListDossiers answered", len(answer.get("dossiers", [])), "dossiers, total", answer.get("total"))
    assert answer.get("dossiers"), "the dossiers that the portal submitted are not listed"

try:
    with grpc.secure_channel(address, grpc.ssl_channel_credentials((pki / "ca.crt").read_bytes())) as stranger:
        grpc.channel_ready_future(stranger).result(timeout=2)
    sys.exit("FAILED: a gRPC client without a certificate was let in")
except grpc.FutureTimeoutError:
    print("a client without a certificate is refused")
print("2 passed, 0 failed")
