#!/usr/bin/env bash
# curl against a serving sandbox: `curl.sh DIR`. Sends the ready-made requests and judges status and body.
set -euo pipefail
dir=$1
soap=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["soap"])' "$dir/ready.json")
answer=$(mktemp) parts=$(mktemp)
trap 'rm -f "$answer" "$parts"' EXIT
passed=0

ok() { passed=$((passed + 1)); echo "ok: $*"; }
fail() { echo "FAILED: $*"; cat "$answer"; exit 1; }

# call MEMBER [curl arguments…]: prints the HTTP status, leaves the answer in $answer.
call() {
  local member=$1
  shift
  curl --silent --show-error --max-time 20 --cacert "$dir/pki/ca.crt" \
    --cert "$dir/pki/members/$member.crt" --key "$dir/pki/members/$member.key" \
    --output "$answer" --write-out '%{http_code}' "$@" "$soap"
}

xml=(-H 'Content-Type: text/xml; charset=utf-8' -H 'SOAPAction: ""')
for protocol in --http1.1 --http2 --http1.0; do
  status=$(call dvcqg "$protocol" "${xml[@]}" --data-binary @"$dir/requests/NopHoSo.xml")
  [ "$status" = 200 ] && grep -q '<error_code>0</error_code>' "$answer" || fail "NopHoSo over $protocol: HTTP $status"
  xmllint --noout "$answer" || fail "the answer is not XML"
  ok "NopHoSo over $protocol"
done

# The same id again: the same dossier code, not a second dossier.
first=$(sed -n 's:.*<MaHoSo>\([^<]*\)</MaHoSo>.*:\1:p' "$answer")
status=$(call dvcqg "${xml[@]}" --data-binary @"$dir/requests/NopHoSo.xml")
second=$(sed -n 's:.*<MaHoSo>\([^<]*\)</MaHoSo>.*:\1:p' "$answer")
[ "$status" = 200 ] && [ -n "$first" ] && [ "$first" = "$second" ] || fail "a repeat answered '$second', not '$first'"
ok "a repeat of the same id gets the same dossier code"

status=$(call dvcqg "${xml[@]}" -H 'Transfer-Encoding: chunked' --data-binary @"$dir/requests/NopHoSo.xml")
[ "$status" = 200 ] || fail "chunked: HTTP $status"
ok "chunked request"

# The same id once more, in the forms of SOAP with Attachments and of MTOM.
for type in text/xml application/xop+xml; do
  head="--b/1\r\nContent-Type: $type; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <root>\r\n\r\n"
  { printf -- "$head"; cat "$dir/requests/NopHoSo.xml"; printf -- '\r\n--b/1--\r\n'; } >"$parts"
  related=(-H "Content-Type: multipart/related; type=\"$type\"; start-info=\"text/xml\"; start=\"<root>\"; boundary=\"b/1\"" -H 'SOAPAction: ""')
  status=$(call dvcqg "${related[@]}" --data-binary @"$parts")
  [ "$status" = 200 ] && grep -q "<MaHoSo>$first</MaHoSo>" "$answer" || fail "multipart of $type: HTTP $status"
  ok "multipart with the SOAP part only, of $type"
  { printf -- "$head"; cat "$dir/requests/NopHoSo.xml"; printf -- '\r\n--b/1\r\n\r\nfile\r\n--b/1--\r\n'; } >"$parts"
  status=$(call dvcqg "${related[@]}" --data-binary @"$parts")
  [ "$status" = 500 ] && grep -q 'attachments' "$answer" || fail "an attachment beside $type: HTTP $status"
  ok "an attachment beside $type is refused"
done

status=$(call dvcqg "${xml[@]}" --data-binary '<not-soap/>')
[ "$status" = 500 ] && grep -q 'Fault' "$answer" || fail "not SOAP: HTTP $status"
ok "what is not SOAP gets a fault"

status=$(call h29 "${xml[@]}" --data-binary @"$dir/requests/NopHoSo.xml")
[ "$status" = 500 ] && grep -q 'forbidden' "$answer" || fail "another member's client header: HTTP $status"
ok "a client header that names another member is refused"

status=$(call dvcqg -X PUT "${xml[@]}" --data-binary @"$dir/requests/NopHoSo.xml")
[ "$status" = 405 ] || fail "PUT: HTTP $status"
ok "PUT is 405"
status=$(call dvcqg -H 'Content-Type: application/json' --data-binary '{}')
[ "$status" = 415 ] || fail "JSON: HTTP $status"
ok "JSON is 415"

if curl --silent --max-time 20 --cacert "$dir/pki/ca.crt" --output "$answer" "$soap?wsdl"; then
  fail "a call without a certificate was answered"
fi
ok "a call without a certificate is refused at the handshake"
echo "$passed passed, 0 failed"
