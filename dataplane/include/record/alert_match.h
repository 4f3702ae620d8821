/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_ALERT_MATCH_H
#define TP_RECORD_ALERT_MATCH_H
/* clang-format off */
/* Why a record raised an alert: which list or rule, which entry, and the text that matched. */
#define TP_ENUMS_alert_match(X) X(alert_source)
#define TP_SYMBOLS_alert_source(S, E) S(E, list) S(E, rule)
#define TP_NESTED_alert_match(X)
#define TP_FIELDS_alert_match(X, K) \
	X(K, REQ, ENUM, matched_by, alert_source, "A plate list or an alert rule") \
	X(K, REQ, STR, list, _, "Name of the list or of the rule file") \
	X(K, REQ, STR, entry, _, "The list entry as written, or the name of the rule") \
	X(K, OPT, STR, category, _, "Category of the entry or rule") \
	X(K, REQ, INT, priority, _, "Priority of the entry or rule; 0 is the highest") \
	X(K, OPT, STR, jurisdiction, _, "Jurisdiction of the list entry, where it has one") \
	X(K, REQ, STR, record_kind, _, "Kind of the record that matched") \
	X(K, REQ, ID, record_event_id, _, "event_id of the record that matched") \
	X(K, REQ, STR, field, _, "Name of the field that matched") \
	X(K, REQ, STR, text, _, "The text that matched, as it was compared") \
	X(K, REQ, INT, match_from, _, "First byte of the match in the field") \
	X(K, REQ, INT, match_to, _, "First byte behind the match in the field") \
	X(K, REQ, BOOL, jurisdiction_known, _, "False where list or read did not say a jurisdiction")
/* clang-format on */

#endif
