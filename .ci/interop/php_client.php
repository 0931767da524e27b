<?php
// PHP SoapClient against a serving sandbox, from the served WSDL over mutual TLS: `php_client.php DIR`.
// Submits the work-permit application of DIR/requests/NopHoSo.xml as PHP objects and reads it back, SOAP 1.1 and 1.2.

$dir = $argv[1];
$ready = json_decode(file_get_contents("$dir/ready.json"), true);
$passed = 0;

function ok(string $what): void
{
    global $passed;
    $passed++;
    echo "ok: $what\n";
}

function fail(string $what): never
{
    echo "FAILED: $what\n";
    exit(1);
}

/** An element's children as SoapClient takes them. */
function values(DOMElement $element): mixed
{
    $made = [];
    foreach ($element->childNodes as $child) {
        if (!$child instanceof DOMElement) {
            continue;
        }
        $value = values($child);
        if (array_key_exists($child->localName, $made)) {
            if (!is_array($made[$child->localName]) || !array_is_list($made[$child->localName])) {
                $made[$child->localName] = [$made[$child->localName]];
            }
            $made[$child->localName][] = $value;
        } else {
            $made[$child->localName] = $value;
        }
    }
    return $made === [] ? $element->textContent : $made;
}

/** The request's X-Road headers for an operation, with an id of their own. */
function headers(DOMDocument $request, string $operation): array
{
    $made = [];
    foreach ($request->documentElement->firstElementChild->childNodes as $block) {
        if (!$block instanceof DOMElement) {
            continue;
        }
        $xml = $request->saveXML($block->cloneNode(true));
        $xml = preg_replace('~(<\w+:serviceCode[^>]*>)[^<]*~', "\${1}$operation", $xml);
        if ($block->localName === 'id') {
            $xml = preg_replace('~>[^<]*<~', '>' . bin2hex(random_bytes(16)) . '<', $xml);
        }
        // The prefixes are declared on the envelope of the file: carry them along.
        foreach (['xrd' => 'http://x-road.eu/xsd/xroad.xsd', 'id' => 'http://x-road.eu/xsd/identifiers'] as $prefix => $uri) {
            if (!str_contains($xml, "xmlns:$prefix=")) {
                $xml = preg_replace('~^<([\w:]+)~', "<\$1 xmlns:$prefix=\"$uri\"", $xml);
            }
        }
        $made[] = new SoapHeader('http://x-road.eu/xsd/xroad.xsd', $block->localName, new SoapVar($xml, XSD_ANYXML));
    }
    return $made;
}

$request = new DOMDocument();
$request->preserveWhiteSpace = false;
$request->load("$dir/requests/NopHoSo.xml");
$dossier = values($request->getElementsByTagNameNS('http://molisa.gov.vn/hoso/1.0', 'NopHoSo')[0]);

$identity = tempnam(sys_get_temp_dir(), 'identity');
file_put_contents($identity, file_get_contents("$dir/pki/members/dvcqg.crt") . file_get_contents("$dir/pki/members/dvcqg.key"));
$tls = stream_context_create(['ssl' => ['cafile' => "$dir/pki/ca.crt", 'local_cert' => $identity, 'verify_peer' => true]]);

foreach ([SOAP_1_1 => 'SOAP 1.1', SOAP_1_2 => 'SOAP 1.2'] as $version => $name) {
    $client = new SoapClient($ready['soap'] . '?wsdl', [
        'stream_context' => $tls, 'soap_version' => $version, 'cache_wsdl' => WSDL_CACHE_NONE, 'trace' => true,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'location' => $ready['soap'],
    ]);
    try {
        $submitted = $client->__soapCall('NopHoSo', [$dossier], null, headers($request, 'NopHoSo'));
        $submitted->error_code === '0' || fail("$name: NopHoSo answered " . json_encode($submitted));
        $code = $submitted->MaHoSo;
        ok("$name: NopHoSo gave $code");

        $found = $client->__soapCall('TraCuuHoSo', [['MaHoSo' => $code]], null, headers($request, 'TraCuuHoSo'))->HoSo;
        ($found->MaHoSo === $code && $found->ChuHoSo === $dossier['HoSo']['ChuHoSo'])
            || fail("$name: TraCuuHoSo gave " . json_encode($found));
        ok("$name: TraCuuHoSo gives back what was sent");

        $day = preg_replace('~^(....)(..)(..).*~', '$1-$2-$3', $found->NgayNopHoSo);
        $listed = $client->__soapCall(
            'DanhSachHoSo',
            [['donViXuLy' => $found->MaDonViXuLy, 'ngayNhan1' => $day, 'ngayNhan2' => $day, 'soLuong' => 200]],
            null,
            headers($request, 'DanhSachHoSo')
        );
        in_array($code, array_map(fn ($row) => $row->MaHoSo, $listed->data)) || fail("$name: $code is not listed");
        ok("$name: DanhSachHoSo lists it");

        $steps = $client->__soapCall('LayTienDoHoSo', [['MaHoSo' => $code]], null, headers($request, 'LayTienDoHoSo'));
        count($steps->TienTrinh) >= 1 || fail("$name: LayTienDoHoSo gave " . json_encode($steps));
        ok("$name: LayTienDoHoSo");

        $plain = $client->TraCuuHoSo(['MaHoSo' => $code]);
        $plain->HoSo->MaHoSo === $code || fail("$name: without headers: " . json_encode($plain));
        ok("$name: TraCuuHoSo without X-Road headers");
    } catch (SoapFault $fault) {
        fail("$name: {$fault->faultcode} {$fault->getMessage()}\n" . $client->__getLastRequest() . "\n" . $client->__getLastResponse());
    }

    try {
        $broken = $dossier;
        $broken['HoSo']['NgayNopHoSo'] = '20240231100000';
        $client->__soapCall('NopHoSo', [$broken], null, headers($request, 'NopHoSo'));
        fail("$name: the 31st of February was accepted");
    } catch (SoapFault $fault) {
        ok("$name: the 31st of February is a fault: {$fault->getMessage()}");
    }
}
unlink($identity);
echo "$passed passed, 0 failed\n";
