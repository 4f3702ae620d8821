/* SPDX-License-Identifier: BSD-3-Clause */
/* BSM Part II, SupplementalVehicleExtensions: class of the vehicle, weather, obstacles, a breakdown, speeds of others, GNSS corrections. */
#include "j2735.h"

/* ITIS lists whose codes have gaps, in the order of their PER index. */
static const uint16_t incident_response_equipment[] = {9985, 9986, 9988, 9989, 9990, 9991, 9993, 9994, 9995, 9996, 9997, 9998,
        10000, 10001, 10004, 10005, 10006, 10008, 10024, 10025, 10026, 10027, 10034, 10035, 10036, 10044, 10045, 10046, 10054,
        10055, 10056, 10057, 10058, 10059, 10060, 10075, 10076, 10077, 10078, 10079, 10083, 10084, 10085, 10086, 10087, 10088,
        10089, 10090, 10091, 10092, 10093, 10094, 10095, 10096, 10097, 10098, 10099, 10100, 10101, 10102, 10103, 10104, 10105,
        10106, 10107, 10108, 10109, 10110, 10111, 10112, 10113, 10114};
#define RESPONSE_EQUIPMENT_LAST 71
#define VEHICLE_GROUP_FIRST     9217 /* 35 codes without a gap */
#define RESPONDER_GROUP_FIRST   9729 /* 14 codes without a gap */
#define GENERIC_LOCATION_FIRST  7937 /* 96 codes, 8013 is missing */
#define GENERIC_LOCATION_GAP    76
#define LOCAL_CODE              UINT32_MAX /* an ITIS code that a region added: the index says nothing without its list */

static int32_t supplemental_itis(struct uper *u, unsigned int bits, uint32_t last, uint32_t first)
{
	uint32_t index = uper_enum_ext(u, bits, last, LOCAL_CODE);

	return index == LOCAL_CODE ? -1 : (int32_t)(first + index);
}

static int32_t supplemental_response_equipment(struct uper *u)
{
	uint32_t index = uper_enum_ext(u, 7, RESPONSE_EQUIPMENT_LAST, LOCAL_CODE);

	return index == LOCAL_CODE ? -1 : incident_response_equipment[index];
}

static int32_t supplemental_location(struct uper *u)
{
	int32_t code = supplemental_itis(u, 7, 95, GENERIC_LOCATION_FIRST);

	return code >= GENERIC_LOCATION_FIRST + GENERIC_LOCATION_GAP ? code + 1 : code;
}

static const struct tp_bsm_vehicle_classification *supplemental_classification(struct uper *u)
{
	struct tp_bsm_vehicle_classification *c = uper_alloc(u, 1, sizeof(*c));
	uint32_t preamble = (uint32_t)uper_bits(u, 10);

	if (!c)
		return NULL;
	c->has = 0;
	J2735_OPT(c, bsm_vehicle_classification, key_type, preamble & 256, (int32_t)uper_bits(u, 8));
	J2735_OPT(c, bsm_vehicle_classification, role, preamble & 128,
	        (uint8_t)uper_enum_ext(u, 5, 22, TP_basic_vehicle_role_extension));
	J2735_OPT(c, bsm_vehicle_classification, iso3883, preamble & 64, (int32_t)uper_int(u, 7, 0, 100));
	J2735_OPT(c, bsm_vehicle_classification, hpms_type, preamble & 32,
	        (uint8_t)uper_enum_ext(u, 4, 15, TP_hpms_vehicle_type_extension));
	J2735_OPT(c, bsm_vehicle_classification, vehicle_type, preamble & 16, supplemental_itis(u, 6, 34, VEHICLE_GROUP_FIRST));
	J2735_OPT(c, bsm_vehicle_classification, response_equip, preamble & 8, supplemental_response_equipment(u));
	J2735_OPT(c, bsm_vehicle_classification, responder_type, preamble & 4, supplemental_itis(u, 4, 13, RESPONDER_GROUP_FIRST));
	J2735_OPT(c, bsm_vehicle_classification, fuel_type, preamble & 2, (int32_t)uper_bits(u, 4));
	c->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 512)
		uper_skip_extensions(u);
	return c;
}

static const struct tp_bsm_vehicle_data *supplemental_vehicle_data(struct uper *u)
{
	struct tp_bsm_vehicle_data *v = uper_alloc(u, 1, sizeof(*v));
	uint32_t preamble = (uint32_t)uper_bits(u, 5);

	if (!v)
		return NULL;
	v->has = 0;
	J2735_OPT(v, bsm_vehicle_data, height, preamble & 8, (int32_t)uper_bits(u, 7));
	J2735_OPT(v, bsm_vehicle_data, bumper_front, preamble & 4, (int32_t)uper_bits(u, 7));
	J2735_OPT(v, bsm_vehicle_data, bumper_rear, preamble & 4, (int32_t)uper_bits(u, 7));
	J2735_OPT(v, bsm_vehicle_data, mass, preamble & 2, (int32_t)uper_bits(u, 8));
	J2735_OPT(v, bsm_vehicle_data, trailer_weight, preamble & 1, (int32_t)uper_int(u, 16, 0, 64255));
	if (preamble & 16)
		uper_skip_extensions(u);
	return v;
}

static const struct tp_bsm_weather_report *supplemental_weather_report(struct uper *u)
{
	struct tp_bsm_weather_report *w = uper_alloc(u, 1, sizeof(*w));
	uint32_t preamble = (uint32_t)uper_bits(u, 6);

	if (!w)
		return NULL;
	w->has = 0;
	w->is_raining = (uint8_t)uper_int(u, 2, 0, 2);
	J2735_OPT(w, bsm_weather_report, rain_rate, preamble & 16, (int32_t)uper_bits(u, 16));
	J2735_OPT(w, bsm_weather_report, precip_situation, preamble & 8, (uint8_t)uper_int(u, 4, 0, 14));
	J2735_OPT(w, bsm_weather_report, solar_radiation, preamble & 4, (int32_t)uper_bits(u, 16));
	J2735_OPT(w, bsm_weather_report, friction, preamble & 2, (int32_t)uper_int(u, 7, 0, 101));
	J2735_OPT(w, bsm_weather_report, road_friction, preamble & 1, (int32_t)uper_int(u, 6, 0, 50));
	if (preamble & 32)
		uper_skip_extensions(u);
	return w;
}

static void supplemental_wipers(struct uper *u, struct tp_bsm_weather_probe *w)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 2);

	TP_SET(w, bsm_weather_probe, status_front, (uint8_t)uper_enum_ext(u, 3, 6, TP_wiper_status_extension));
	TP_SET(w, bsm_weather_probe, rate_front, (int32_t)uper_bits(u, 7));
	J2735_OPT(w, bsm_weather_probe, status_rear, preamble & 2, (uint8_t)uper_enum_ext(u, 3, 6, TP_wiper_status_extension));
	J2735_OPT(w, bsm_weather_probe, rate_rear, preamble & 1, (int32_t)uper_bits(u, 7));
}

static const struct tp_bsm_weather_probe *supplemental_weather_probe(struct uper *u)
{
	struct tp_bsm_weather_probe *w = uper_alloc(u, 1, sizeof(*w));
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	if (!w)
		return NULL;
	w->has = 0;
	J2735_OPT(w, bsm_weather_probe, air_temp, preamble & 4, (int32_t)uper_int(u, 8, 0, 191));
	J2735_OPT(w, bsm_weather_probe, air_pressure, preamble & 2, (int32_t)uper_bits(u, 8));
	if (preamble & 1)
		supplemental_wipers(u, w);
	if (preamble & 8)
		uper_skip_extensions(u);
	return w;
}

void j2735_date_time(struct uper *u, struct tp_bsm_date_time *d)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 7);

	d->has = 0;
	J2735_OPT(d, bsm_date_time, year, preamble & 64, (int32_t)uper_bits(u, 12));
	J2735_OPT(d, bsm_date_time, month, preamble & 32, (int32_t)uper_int(u, 4, 0, 12));
	J2735_OPT(d, bsm_date_time, day, preamble & 16, (int32_t)uper_bits(u, 5));
	J2735_OPT(d, bsm_date_time, hour, preamble & 8, (int32_t)uper_bits(u, 5));
	J2735_OPT(d, bsm_date_time, minute, preamble & 4, (int32_t)uper_int(u, 6, 0, 60));
	J2735_OPT(d, bsm_date_time, second, preamble & 2, (int32_t)uper_bits(u, 16));
	J2735_OPT(d, bsm_date_time, offset, preamble & 1, (int32_t)uper_int(u, 11, -840, 1680));
}

static const struct tp_bsm_obstacle_detection *supplemental_obstacle(struct uper *u)
{
	struct tp_bsm_obstacle_detection *o = uper_alloc(u, 1, sizeof(*o));
	struct tp_bsm_date_time *date = uper_alloc(u, 1, sizeof(*date));
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	if (!o || !date)
		return NULL;
	o->has = 0;
	o->ob_dist = (int32_t)uper_bits(u, 15);
	o->ob_direct = (int32_t)uper_int(u, 15, 0, 28800);
	J2735_OPT(o, bsm_obstacle_detection, description, preamble & 4, (int32_t)uper_int(u, 5, 523, 18));
	J2735_OPT(o, bsm_obstacle_detection, location_details, preamble & 2, supplemental_location(u));
	j2735_date_time(u, date);
	o->date_time = date;
	J2735_OPT(o, bsm_obstacle_detection, vert_event, preamble & 1, (int32_t)uper_flags(u, 5));
	if (preamble & 8)
		uper_skip_extensions(u);
	return o;
}

static const struct tp_bsm_disabled_vehicle *supplemental_disabled_vehicle(struct uper *u)
{
	struct tp_bsm_disabled_vehicle *v = uper_alloc(u, 1, sizeof(*v));
	uint32_t preamble = (uint32_t)uper_bits(u, 2);

	if (!v)
		return NULL;
	v->has = 0;
	v->status_details = (int32_t)uper_int(u, 5, 523, 18);
	J2735_OPT(v, bsm_disabled_vehicle, location_details, preamble & 1, supplemental_location(u));
	if (preamble & 2)
		uper_skip_extensions(u);
	return v;
}

static void supplemental_speed_profile(struct uper *u, struct tp_bsm_supplemental *s)
{
	bool ext = uper_bool(u);
	uint32_t count = uper_count(u, 5, 20, 5);
	struct tp_bsm_speed_report *reports = uper_alloc(u, count, sizeof(*reports));

	if (!reports)
		return;
	for (uint32_t i = 0; i < count; i++)
		reports[i].speed = (int32_t)uper_bits(u, 5);
	s->speed_profile.items = reports;
	s->speed_profile.count = count;
	if (ext)
		uper_skip_extensions(u);
}

static const struct tp_bsm_rtcm_package *supplemental_rtcm(struct uper *u)
{
	struct tp_bsm_rtcm_package *r = uper_alloc(u, 1, sizeof(*r));
	uint32_t preamble = (uint32_t)uper_bits(u, 2);
	struct tp_bsm_rtcm_message *msgs;
	uint32_t count;

	if (!r)
		return NULL;
	r->has = 0;
	J2735_OPT(r, bsm_rtcm_package, gnss_status, preamble & 1, (int32_t)uper_flags(u, 8));
	J2735_OPT(r, bsm_rtcm_package, ant_offset_x, preamble & 1, (int32_t)uper_int(u, 12, -2048, 4095));
	J2735_OPT(r, bsm_rtcm_package, ant_offset_y, preamble & 1, (int32_t)uper_int(u, 9, -256, 511));
	J2735_OPT(r, bsm_rtcm_package, ant_offset_z, preamble & 1, (int32_t)uper_int(u, 10, -512, 1023));
	count = uper_count(u, 3, 5, 18);
	msgs = uper_alloc(u, count, sizeof(*msgs));
	if (!msgs)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		msgs[i].has = 0;
		msgs[i].message = uper_octets(u, (uint32_t)uper_int(u, 10, 1, 1022));
	}
	r->msgs.items = msgs;
	r->msgs.count = count;
	if (preamble & 2)
		uper_skip_extensions(u);
	return r;
}

const struct tp_bsm_supplemental *j2735_supplemental(struct uper *u)
{
	struct tp_bsm_supplemental *s = uper_alloc(u, 1, sizeof(*s));
	uint32_t preamble = (uint32_t)uper_bits(u, 11);

	if (!s)
		return NULL;
	s->has = 0;
	J2735_OPT(s, bsm_supplemental, classification, preamble & 512, (int32_t)uper_bits(u, 8));
	s->class_details = preamble & 256 ? supplemental_classification(u) : NULL;
	s->vehicle_data = preamble & 128 ? supplemental_vehicle_data(u) : NULL;
	s->weather_report = preamble & 64 ? supplemental_weather_report(u) : NULL;
	s->weather_probe = preamble & 32 ? supplemental_weather_probe(u) : NULL;
	s->obstacle = preamble & 16 ? supplemental_obstacle(u) : NULL;
	s->status = preamble & 8 ? supplemental_disabled_vehicle(u) : NULL;
	s->speed_profile.items = NULL;
	s->speed_profile.count = 0;
	if (preamble & 4)
		supplemental_speed_profile(u, s);
	s->the_rtcm = preamble & 2 ? supplemental_rtcm(u) : NULL;
	s->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 1024)
		uper_skip_extensions(u);
	return s;
}
