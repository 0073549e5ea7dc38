"""Remote write 1.0 bodies, built by hand so that tests can break them too."""
import struct

import snappy

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
           "X-Prometheus-Remote-Write-Version": "0.1.0"}


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
