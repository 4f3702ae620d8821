# SPDX-License-Identifier: BSD-3-Clause
"""Compares a BSM or SPAT record with what an independent decoder made of the same payload (JSON with the names of the standard).

The expectation is brought into the form of the record: names in snake case, groups that the record keeps flat flattened, bit strings as
integers. Then both ways: every expected value equals the record's, and what the record has beyond the expectation is nothing.
"""
import datetime
import json
import re

KINDS = {20: "bsm", 19: "spat"}
FRAME = {"security", "psid", "frame_offset", "frame_len"}
FLAT = {"coreData", "accuracy", "size", "brakes", "timing", "positionOffset", "rainRates", "roadAuthorityID"}
BITS = {"status", "wheelBrakes", "events", "event", "lights", "vertEvent"}
# Names that the record spells otherwise, some after the editions before 2024.
NAMES = {"class": "restriction_class", "movementName": "name", "long": "lon", "theRTCM": "the_rtcm"}
SUPPLEMENTAL = {"doNotUse1": "weather_report", "doNotUse2": "weather_probe", "doNotUse3": "obstacle", "doNotUse4": "speed_profile"}
# ITIS codes: the record has the number, the expectation the name.
ITIS = {"vehicle_type", "response_equip", "responder_type", "location_details", "type_event"}
PRESENT = object()


def milliseconds(time):
    if isinstance(time, datetime.datetime):
        return int((time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1))
    return time // 1000


def expected(path):
    """{line: row} of one file of expectations."""
    return {row["line"]: row for row in map(json.loads, path.read_text().splitlines())}


def kind(decoded):
    return KINDS.get(decoded["messageId"], "v2x_message")


def coer_length(data):
    """(length, octets it takes) of COER."""
    if data[0] < 0x80:
        return data[0], 1
    octets = data[0] & 0x7F
    return int.from_bytes(data[1 : 1 + octets], "big"), 1 + octets


def envelope_is_valid(payload, row):
    """Whether the lengths around the frame agree with it; some samples carry a wrong one, and some an envelope of no standard."""
    if row["frame_offset"] == 0:
        return True
    if payload[0] in (0x03, 0x0B) and payload[1] not in (0x80, 0x81):
        return True  # WSMP
    prefix = next((p for p in (b"\x03\x81\x00\x40\x03\x80", b"\x03\x80") if payload.startswith(p)), None)
    if prefix is None:
        return False
    length, octets = coer_length(payload[len(prefix) :])
    begin = len(prefix) + octets
    return begin == row["frame_offset"] and row["frame_len"] <= length <= len(payload) - begin


def snake(name):
    return NAMES.get(name) or re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).replace("-", "_").lower()


def bits(text):
    return sum(1 << n for n, bit in enumerate(text) if bit == "1")


def leaf(name, value):
    if name in ITIS:
        return PRESENT
    if isinstance(value, str) and name not in ("name",):
        return value.replace("-", "_")
    return value


def convert(tree):
    """A mapping of the standard in the form of the record."""
    out = {}
    for key, value in tree.items():
        if key == "accelSet":
            out.update({f"accel_{name}": number for name, number in value.items()})
        elif key == "regional":
            out["regional_count"] = len(value)
        elif key == "enabledLanes":
            out["enabled_lanes"] = [{"lane_id": lane} for lane in value]
        elif key == "id" and isinstance(value, dict) or key in FLAT:
            out.update(convert(value))
        elif key in BITS and isinstance(value, str):
            out[snake(key)] = bits(value)
        elif isinstance(value, dict):
            out[snake(key)] = convert(value)
        elif isinstance(value, list):
            out[snake(key)] = [convert(item) if isinstance(item, dict) else item for item in value]
        else:
            out[snake(key)] = leaf(snake(key), value)
    return out


def safety(value):
    history, prediction = value.get("pathHistory"), value.get("pathPrediction")
    out = convert({k: v for k, v in value.items() if k not in ("pathHistory", "pathPrediction")})
    if history:
        out.update(path_history=PRESENT, path_history_points=len(history["crumbData"]))
    if prediction:
        out.update(radius_of_curve=prediction["radiusOfCurve"], prediction_confidence=prediction["confidence"])
    return out


def special(value):
    out = {}
    if "vehicleAlerts" in value:
        alerts = {k: v for k, v in value["vehicleAlerts"].items() if k != "doNotUse"}
        if "events" in alerts:
            alerts["events"] = alerts["events"]["event"]
        out["vehicle_alerts"] = convert(alerts)
    if "doNotUse" in value:
        out["trailers"] = convert({k: v for k, v in value["doNotUse"].items() if k != "doNotUse"})
    if "description" in value:
        out["description"] = convert(value["description"])
    return out


def supplemental(value):
    speeds = value.get("doNotUse4")
    out = convert({SUPPLEMENTAL.get(k, k): v for k, v in value.items() if k != "doNotUse4"})
    if speeds:
        out["speed_profile"] = [{"speed": speed} for speed in speeds["speedReports"]]
    return out


def wanted(decoded):
    value = dict(decoded["value"])
    parts = value.pop("partII", [])
    out = convert(value)
    if "id" in out and isinstance(out["id"], str):
        out["id"] = int(out["id"], 16)
    for part in parts:
        name, make = (("safety", safety), ("special", special), ("supplemental", supplemental))[part["partII-Id"]]
        out[name] = make(part["partII-Value"])
    return out


def nothing(found):
    """Whether a value of the record says that there was nothing."""
    return found in (None, 0, []) and found is not False


def compare(found, want, path):
    if want is PRESENT:
        return [] if found is not None else [f"{path}: nothing there"]
    if isinstance(want, dict):
        if not isinstance(found, dict):
            return [f"{path}: found {found!r}, expected {want!r}"]
        out = [text for key in want for text in compare(found.get(key), want[key], f"{path}.{key}")]
        return out + [f"{path}.{key}: found {value!r}, expected nothing" for key, value in found.items() if key not in want and not nothing(value)]
    if isinstance(want, list):
        if not isinstance(found, list) or len(found) != len(want):
            return [f"{path}: found {found!r}, expected {want!r}"]
        return [text for n, pair in enumerate(zip(found, want)) for text in compare(*pair, f"{path}[{n}]")]
    if isinstance(found, bytes) and isinstance(want, str):
        found = found.hex()
    return [] if found == want else [f"{path}: found {found!r}, expected {want!r}"]


ENVELOPE = {"event_id", "received_at", "event_time", "device_time", "site", "device", "lane", "transport", "source_ip", "source_port", "flags",
            "payload"}


def differences(record, decoded):
    """Sentences; of a message without a table of its own only the id is compared."""
    if decoded["messageId"] not in KINDS:
        return compare(record["message_id"], decoded["messageId"], "message_id")
    body = {key: value for key, value in record.items() if key not in ENVELOPE | FRAME}
    return compare(body, wanted(decoded), kind(decoded))
