"""Remote write bodies, built by hand so that tests can break them too."""
import struct

import snappy

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
           "X-Prometheus-Remote-Write-Version": "0.1.0"}
HEADERS_2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
             "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "2.0.0"}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def field(number, wire_type, payload):
    return varint(number << 3 | wire_type) + payload


def message(number, body):
    return field(number, 2, varint(len(body)) + body)


def label(name, value):
    return message(1, message(1, name.encode()) + message(2, value.encode()))


def sample(value, t_ms):
    return message(2, field(1, 1, struct.pack("<d", value)) + field(2, 0, varint(t_ms)))


def series(labels, samples):
    """labels: dict or list of pairs (sent in that order); samples: list of (t_ms, value)."""
    pairs = sorted(labels.items()) if isinstance(labels, dict) else labels
    return message(1, b"".join(label(n, v) for n, v in pairs) + b"".join(sample(v, t) for t, v in samples))


def body(*entries):
    return snappy.compress(b"".join(entries))


def body_2(*entries):
    """A remote write 2.0 body. entries: (labels as a dict, samples as a list of (t_ms, value))."""
    symbols = [""]

    def ref(text):
        if text not in symbols:
            symbols.append(text)
        return varint(symbols.index(text))

    series_2 = []
    for labels, samples in entries:
        refs = b"".join(ref(part) for pair in sorted(labels.items()) for part in pair)
        series_2.append(message(5, message(1, refs) + b"".join(sample(value, t_ms) for t_ms, value in samples)))
    return snappy.compress(b"".join(message(4, text.encode()) for text in symbols) + b"".join(series_2))
