#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares the j2735 decoder, through j2735_dump, with what an independent table-driven reader made of the same datagrams.

Every line of every .hex file with an expected decode must give its kind, offsets and, for BSM and SPAT, every value. The lines that
must be rejected are listed below by name; rejected.tsv must be rejected as a whole. j2735_constructed.jsonl, beside this file, holds
messages made of random values by an independent encoder, for the many optional fields that real messages leave out.
"""
import glob
import json
import os
import subprocess
import sys

SHARED = os.environ.get('TP_SHARED', '')
DATA = os.path.join(SHARED, 'data', 'j2735')
CONSTRUCTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'j2735_constructed.jsonl')
SKIP = 77  # what meson takes for a skipped test

# Lines whose length inside an envelope is wrong: not valid, although a reader that searches for the frame finds one.
WRONG_LENGTH = {('map_wrapped', 2), ('psm_wrapped', 1), ('rsm_wrapped', 1), ('rtcm_wrapped', 1), ('sdsm_wrapped', 1),
                ('spat_wrapped', 1), ('srm_wrapped', 1), ('srm_wrapped', 2), ('ssm_wrapped', 1), ('ssm_wrapped', 2),
                ('tim_wrapped', 4)}
TYPES = {18: 'MAP', 28: 'RTCM', 29: 'SRM', 30: 'SSM', 31: 'TIM', 32: 'PSM', 33: 'RSM', 41: 'SDSM'}

class Record(dict):
    """A JSON object of the dump; the printer leaves out what is null."""

    def __missing__(self, key):
        return None


failures = []
compared = 0


def check(where, name, got, want):
    """One value; the number of comparisons is printed so that a run that compared nothing shows."""
    global compared
    compared += 1
    if got != want:
        failures.append(f'{where}: {name}: got {got!r}, expected {want!r}')


def flags(bits):
    """A bit string of the reader ("0100") as a record holds it: named bit n counts 1 << n."""
    return None if bits is None else sum(1 << n for n, bit in enumerate(bits) if bit == '1')


def symbol(name):
    return None if name is None else name.replace('-', '_')


def check_members(where, got, want, names):
    """names: record field -> (field of the reader, conversion)."""
    for field, (source, convert) in names.items():
        value = want.get(source)
        check(where, field, got[field], convert(value) if value is not None else None)


def same(value):
    return value


def check_count(where, name, got, want):
    got, want = got or [], want or []
    check(where, f'number of {name}', len(got), len(want))
    return zip(got, want)


class Bits:
    """Just enough of a bit reader to take apart the path history that a record keeps as bytes."""

    def __init__(self, data):
        self.value, self.left = int.from_bytes(data, 'big'), 8 * len(data)

    def take(self, n):
        self.left -= n
        return self.value >> self.left & (1 << n) - 1


def crumbs(data):
    """Points of a PathHistory without initial position and without extensions; None where it has them."""
    bits = Bits(data)
    if bits.take(1) or bits.take(1):
        return None
    if bits.take(1):
        bits.take(8)
    points = []
    for _ in range(bits.take(5) + 1):
        if bits.take(1):
            return None
        speed, accuracy, heading = bits.take(1), bits.take(1), bits.take(1)
        point = {'latOffset': bits.take(18) - 131072, 'lonOffset': bits.take(18) - 131072,
                 'elevationOffset': bits.take(12) - 2048, 'timeOffset': bits.take(16) + 1}
        if speed:
            point['speed'] = bits.take(13)
        if accuracy:
            point['posAccuracy'] = {'semiMajor': bits.take(8), 'semiMinor': bits.take(8), 'orientation': bits.take(16)}
        if heading:
            point['heading'] = bits.take(8)
        points.append(point)
    if bits.left >= 8 or bits.take(bits.left):
        return 'octets or bits behind the last point'
    return points


def check_safety(where, got, want):
    check(where, 'events', got['events'], flags(want.get('events')))
    check(where, 'lights', got['lights'], flags(want.get('lights')))
    prediction = want.get('pathPrediction', {})
    check(where, 'radius_of_curve', got['radius_of_curve'], prediction.get('radiusOfCurve'))
    check(where, 'prediction_confidence', got['prediction_confidence'], prediction.get('confidence'))
    history = want.get('pathHistory')
    if history is None:
        check(where, 'path_history', got['path_history'], None)
        return
    check(where, 'path_history_points', got['path_history_points'], len(history['crumbData']))
    points = crumbs(bytes.fromhex(got['path_history']))
    if points is not None:
        check(where, 'path_history', points, history['crumbData'])
    else:
        check(where, 'initial position', 'initialPosition' in history, True)


def check_pivot(where, got, want):
    if want is None:
        check(where, 'pivot', got, None)
        return
    check_members(where, got, want, {'pivot_offset': ('pivotOffset', same), 'pivot_angle': ('pivotAngle', same), 'pivots': ('pivots', same)})


def check_description(where, got, want):
    check_members(where, got, want, {'type_event': ('typeEvent', same), 'priority': ('priority', lambda octet: int(octet, 16)),
                  'heading': ('heading', flags), 'extent': ('extent', symbol)})
    codes = got['description']
    check(where, 'description', [code['code'] for code in codes] if codes else None, want.get('description'))
    check(where, 'regional_count', got['regional_count'], len(want.get('regional', [])))


def check_bumpers(where, got, want):
    check_members(where, got, want or {}, {'bumper_front': ('front', same), 'bumper_rear': ('rear', same)})


def check_trailer_crumbs(where, got, want):
    check(where, 'crumb_data', got is None, want is None)
    for g, w in check_count(where, 'crumb_data', got, want):
        check_members(where, g, w, {'pivot_angle': ('pivotAngle', same), 'time_offset': ('timeOffset', same),
                      'elevation_offset': ('elevationOffset', same), 'heading': ('heading', same)})
        check_members(where, g, w['positionOffset'], {'x': ('x', same), 'y': ('y', same)})


def check_special(where, got, want):
    alerts, trailers = want.get('vehicleAlerts'), want.get('doNotUse')
    check(where, 'vehicle_alerts', got['vehicle_alerts'] is None, alerts is None)
    check(where, 'description', got['description'] is None, 'description' not in want)
    check(where, 'trailers', got['trailers'] is None, trailers is None)
    if 'description' in want:
        check_description(where, got['description'], want['description'])
    if alerts:
        check_members(where, got['vehicle_alerts'], alerts, {'siren_use': ('sirenUse', symbol), 'lights_use': ('lightsUse', symbol),
                      'multi': ('multi', symbol), 'response_type': ('responseType', symbol)})
        check(where, 'alert events', got['vehicle_alerts']['events'], flags(alerts.get('events', {}).get('event')))
    if trailers:
        check_pivot(where, got['trailers']['connection'], trailers['connection'])
        for g, w in check_count(where, 'trailers', got['trailers']['units'], trailers['units']):
            check_members(where, g, w, {'is_dolly': ('isDolly', same), 'width': ('width', same), 'length': ('length', same),
                          'height': ('height', same), 'mass': ('mass', same), 'center_of_gravity': ('centerOfGravity', same),
                          'rear_wheel_offset': ('rearWheelOffset', same), 'elevation_offset': ('elevationOffset', same)})
            check_bumpers(where, g, w.get('bumperHeights'))
            check_trailer_crumbs(where, g['crumb_data'], w.get('crumbData'))
            check_pivot(where, g['front_pivot'], w['frontPivot'])
            check_pivot(where, g['rear_pivot'], w.get('rearPivot'))
            check(where, 'position', (g['x'], g['y']), (w['positionOffset']['x'], w['positionOffset']['y']))


def check_classification(where, got, want):
    check_members(where, got, want, {'key_type': ('keyType', same), 'role': ('role', symbol), 'iso3883': ('iso3883', same),
                  'hpms_type': ('hpmsType', symbol), 'fuel_type': ('fuelType', same),
                  'vehicle_type': ('vehicleType', itis), 'response_equip': ('responseEquip', itis),
                  'responder_type': ('responderType', itis)})


# The ITIS codes of the names that occur; the constructed messages give codes.
ITIS = {'maintenance-vehicles': 9240, 'transportation-response-units': 9741, 'flatbed-tow': 10114}


def itis(value):
    return ITIS.get(value, value)


DATE = {name: (name, same) for name in ('year', 'month', 'day', 'hour', 'minute', 'second', 'offset')}


def check_obstacle(where, got, want):
    check_members(where, got, want, {'ob_dist': ('obDist', same), 'ob_direct': ('obDirect', same), 'description': ('description', same),
                  'location_details': ('locationDetails', itis), 'vert_event': ('vertEvent', flags)})
    check_members(where, got['date_time'], want['dateTime'], DATE)


def check_rtcm(where, got, want):
    header = want.get('rtcmHeader', {})
    check(where, 'gnss_status', got['gnss_status'], flags(header.get('status')))
    check_members(where, got, header.get('offsetSet', {}), {'ant_offset_x': ('antOffsetX', same), 'ant_offset_y': ('antOffsetY', same),
                  'ant_offset_z': ('antOffsetZ', same)})
    check(where, 'msgs', [message['message'] for message in got['msgs']], want['msgs'])


def check_supplemental(where, got, want):
    check(where, 'classification', got['classification'], want.get('classification'))
    for field, source in (('class_details', 'classDetails'), ('vehicle_data', 'vehicleData'), ('weather_report', 'doNotUse1'),
                          ('weather_probe', 'doNotUse2'), ('obstacle', 'doNotUse3'), ('status', 'status'), ('speed_profile', 'doNotUse4'),
                          ('the_rtcm', 'doNotUse5')):
        check(where, field, got[field] is None, source not in want)
    if 'classDetails' in want:
        check_classification(where, got['class_details'], want['classDetails'])
    if 'vehicleData' in want:
        check_members(where, got['vehicle_data'], want['vehicleData'], {'height': ('height', same), 'mass': ('mass', same),
                      'trailer_weight': ('doNotUse', same)})
        check_bumpers(where, got['vehicle_data'], want['vehicleData'].get('bumpers'))
    if 'doNotUse1' in want:
        check_members(where, got['weather_report'], want['doNotUse1'], {'is_raining': ('isRaining', symbol), 'rain_rate': ('rainRate', same),
                      'precip_situation': ('precipSituation', symbol), 'solar_radiation': ('solarRadiation', same),
                      'friction': ('friction', same), 'road_friction': ('roadFriction', same)})
    if 'doNotUse2' in want:
        probe = want['doNotUse2']
        check_members(where, got['weather_probe'], probe, {'air_temp': ('airTemp', same), 'air_pressure': ('airPressure', same)})
        check_members(where, got['weather_probe'], probe.get('rainRates', {}), {'status_front': ('statusFront', symbol),
                      'rate_front': ('rateFront', same), 'status_rear': ('statusRear', symbol), 'rate_rear': ('rateRear', same)})
    if 'doNotUse3' in want:
        check_obstacle(where, got['obstacle'], want['doNotUse3'])
    if 'status' in want:
        check_members(where, got['status'], want['status'], {'status_details': ('statusDetails', same),
                      'location_details': ('locationDetails', itis)})
    if 'doNotUse5' in want:
        check_rtcm(where, got['the_rtcm'], want['doNotUse5'])
    check(where, 'regional_count', got['regional_count'], len(want.get('regional', [])))
    if 'doNotUse4' in want:
        check(where, 'speed_profile', [r['speed'] for r in got['speed_profile']], want['doNotUse4']['speedReports'])


CORE = {'msg_cnt': 'msgCnt', 'sec_mark': 'secMark', 'lat': 'lat', 'lon': 'long', 'elev': 'elev', 'transmission': 'transmission',
        'speed': 'speed', 'heading': 'heading', 'angle': 'angle'}
ACCURACY = {'semi_major': 'semiMajor', 'semi_minor': 'semiMinor', 'orientation': 'orientation'}
ACCELERATION = {'accel_long': 'long', 'accel_lat': 'lat', 'accel_vert': 'vert', 'accel_yaw': 'yaw'}
BRAKES = {'traction': 'traction', 'abs': 'abs', 'scs': 'scs', 'brake_boost': 'brakeBoost', 'aux_brakes': 'auxBrakes'}
SIZE = {'width': 'width', 'length': 'length'}
PART_II = (('safety', check_safety), ('special', check_special), ('supplemental', check_supplemental))


def check_bsm(where, got, want):
    core = want['coreData']
    for names, source in ((CORE, core), (ACCURACY, core['accuracy']), (ACCELERATION, core['accelSet']), (BRAKES, core['brakes']),
                          (SIZE, core['size'])):
        for field, name in names.items():
            check(where, field, got[field], source[name])
    check(where, 'id', got['id'], int(core['id'], 16))
    check(where, 'wheel_brakes', got['wheel_brakes'], flags(core['brakes']['wheelBrakes']))
    elements, skipped = {}, 0
    for element in want.get('partII', []):
        if element['partII-Id'] in range(3) and element['partII-Id'] not in elements:
            elements[element['partII-Id']] = element['partII-Value']
        else:
            skipped += 1
    for number, (field, compare) in enumerate(PART_II):
        check(where, field, got[field] is None, number not in elements)
        if number in elements:
            compare(where, got[field], elements[number])
    check(where, 'part_ii_skipped', got['part_ii_skipped'], skipped)
    check(where, 'regional_count', got['regional_count'], len(want.get('regional', [])))


def check_assists(where, got, want):
    for g, w in check_count(where, 'maneuver_assist_list', got, want):
        check_members(where, g, w, {'connection_id': ('connectionID', same), 'queue_length': ('queueLength', same),
                      'available_storage_length': ('availableStorageLength', same), 'wait_on_stop': ('waitOnStop', same),
                      'ped_bicycle_detect': ('pedBicycleDetect', same)})
        check(where, 'regional_count', g['regional_count'], len(w.get('regional', [])))


def check_event(where, got, want):
    check(where, 'event_state', got['event_state'], symbol(want['eventState']))
    timing = want.get('timing', {})
    check_members(where, got, timing, {'start_time': ('startTime', same), 'min_end_time': ('minEndTime', same),
                  'max_end_time': ('maxEndTime', same), 'likely_time': ('likelyTime', same), 'confidence': ('confidence', same),
                  'next_time': ('nextTime', same)})
    check(where, 'speeds', got['speeds'] is None, 'speeds' not in want)
    for g, w in check_count(where, 'speeds', got['speeds'], want.get('speeds')):
        check_members(where, g, w, {'type': ('type', symbol), 'speed': ('speed', same), 'confidence': ('confidence', symbol),
                      'distance': ('distance', same), 'restriction_class': ('class', same)})
    check(where, 'regional_count', got['regional_count'], len(want.get('regional', [])))


def check_intersection(where, got, want):
    check_members(where, got, want, {'name': ('name', same), 'revision': ('revision', same), 'status': ('status', flags),
                  'moy': ('moy', same), 'time_stamp': ('timeStamp', same)})
    check_members(where, got, want['id'], {'id': ('id', same), 'region': ('region', same)})
    check_members(where, got, want.get('roadAuthorityID', {}), {'full_rd_auth_id': ('fullRdAuthID', str),
                  'rel_rd_auth_id': ('relRdAuthID', str)})
    lanes = got['enabled_lanes']
    check(where, 'enabled_lanes', [lane['lane_id'] for lane in lanes] if lanes else None, want.get('enabledLanes'))
    for g, w in check_count(where, 'states', got['states'], want['states']):
        check_members(where, g, w, {'name': ('movementName', same), 'signal_group': ('signalGroup', same)})
        for event, wanted in check_count(where, 'events', g['state_time_speed'], w['state-time-speed']):
            check_event(where, event, wanted)
        check_assists(where, g['maneuver_assist_list'], w.get('maneuverAssistList'))
    check_assists(where, got['maneuver_assist_list'], want.get('maneuverAssistList'))


def check_spat(where, got, want):
    check_members(where, got, want, {'time_stamp': ('timeStamp', same), 'name': ('name', same)})
    for g, w in check_count(where, 'intersections', got['intersections'], want['intersections']):
        check_intersection(where, g, w)


def first(value, *path):
    """The value at a path, or None where a part of it is missing."""
    for key in path:
        if value is None or (isinstance(key, int) and not value) or (not isinstance(key, int) and key not in value):
            return None
        value = value[key]
    return value


def check_message(where, got, decoded):
    want, number = decoded['value'], decoded['messageId']
    check(where, 'message_id', got['message_id'], number)
    check(where, 'type', got['type'], TYPES[number])
    counts = {18: 'msgIssueRevision', 29: 'sequenceNumber', 30: 'sequenceNumber'}
    count = first(want, 'commonContainer', 'eventInfo', 'eventUpdate') if number == 33 else want.get(counts.get(number, 'msgCnt'))
    check(where, 'msg_cnt', got['msg_cnt'], count)
    check(where, 'time_stamp', got['time_stamp'], want.get('timeStamp'))
    check(where, 'second', got['second'], want.get('secMark') if number == 32 else want.get('second'))
    check(where, 'packet_id', got['packet_id'], want.get('packetID'))
    identity = {32: want.get('id'), 41: want.get('sourceID'), 33: first(want, 'commonContainer', 'eventInfo', 'eventID', 'uniqueID')}.get(number)
    check(where, 'id', got['id'], None if identity is None else int(identity, 16))
    place = {18: first(want, 'intersections', 0, 'id'), 29: first(want, 'requests', 0, 'request', 'id'),
             30: first(want, 'status', 0, 'id')}.get(number)
    check(where, 'region', got['region'], first(place, 'region'))
    check(where, 'intersection_id', got['intersection_id'], first(place, 'id'))


def dump(program, lines):
    """What the decoder says of each hex line."""
    result = subprocess.run([program], input='\n'.join(lines) + '\n', stdout=subprocess.PIPE, text=True, check=True)
    answers = [json.loads(line, object_hook=Record) for line in result.stdout.splitlines()]
    assert len(answers) == len(lines), f'{len(answers)} answers for {len(lines)} lines'
    return answers


def check_line(where, datagram, answer, expected):
    if 'record' not in answer:
        failures.append(f'{where}: {answer}')
        return
    record, decoded = answer['record'], expected['decoded']
    check(where, 'frame_offset', record['frame_offset'], expected['frame_offset'])
    check(where, 'frame_len', record['frame_len'], expected['frame_len'])
    check(where, 'trailing', answer['trailing'], expected['total'] - expected['frame_offset'] - expected['frame_len'])
    check(where, 'flags', record['flags'], 8 if answer['trailing'] else 0)
    kind = {20: 'bsm', 19: 'spat'}.get(decoded['messageId'], 'v2x_message')
    check(where, 'kind', answer['kind'], kind)
    if kind == 'bsm':
        check_bsm(where, record, decoded['value'])
    elif kind == 'spat':
        check_spat(where, record, decoded['value'])
    else:
        check_message(where, record, decoded)
        start = 2 * expected['frame_offset']
        check(where, 'frame', record['frame'], datagram[start:start + 2 * expected['frame_len']])


def check_file(program, path):
    name = os.path.basename(path)[:-4]
    with open(path, encoding='ascii') as file:
        lines = file.read().split()
    answers = dump(program, lines)
    rejected = {(name, i + 1) for i, answer in enumerate(answers) if 'record' not in answer}
    check(name, 'lines rejected', rejected, {line for line in WRONG_LENGTH if line[0] == name})
    for where, i in sorted(rejected):
        check(f'{where} line {i}', 'reason', answers[i - 1]['reason'] in ('bad_length', 'bad_tag', 'truncated'), True)
    with open(os.path.join(DATA, 'expected', name + '.decoded.jsonl'), encoding='utf-8') as file:
        for expected in map(json.loads, file):
            i = expected['line']
            if (name, i) not in WRONG_LENGTH:
                check_line(f'{name} line {i}', lines[i - 1], answers[i - 1], expected)
    return len(lines)


def check_constructed(program):
    with open(CONSTRUCTED, encoding='ascii') as file:
        wanted = [json.loads(line) for line in file]
    for i, (want, answer) in enumerate(zip(wanted, dump(program, [want['hex'] for want in wanted]))):
        check_line(f'constructed line {i + 1}', want['hex'], answer, want)
    return len(wanted)


def check_rejected(program):
    with open(os.path.join(DATA, 'rejected.tsv'), encoding='utf-8') as file:
        rows = [line.rstrip('\n').split('\t') for line in file][1:]
    for row, answer in zip(rows, dump(program, [row[-1] for row in rows])):
        where = f'rejected.tsv {row[5]}:{row[6]}'
        check(where, 'rejected', answer.get('returned'), -1)
        check(where, 'offset in the datagram', answer.get('offset', 0) <= len(row[-1]) // 2, True)
    return len(rows)


def report(*parts):
    for failure in failures[:40]:
        print(failure)
    print(*parts, f'{compared} values compared', f'{len(failures)} differ', sep=', ')


def main():
    program = sys.argv[1]
    constructed = check_constructed(program)
    if not os.path.isdir(DATA):
        report(f'{constructed} constructed messages', f'the rest skipped: {DATA} is not there')
        return 1 if failures or compared < 500 else SKIP
    paths = sorted(glob.glob(os.path.join(DATA, '*.hex')))
    lines = sum(check_file(program, path) for path in paths)
    bad = check_rejected(program)
    report(f'{lines} lines of {len(paths)} files', f'{bad} rejected strings', f'{constructed} constructed messages')
    return 1 if failures or compared < 50000 else 0


if __name__ == '__main__':
    sys.exit(main())
