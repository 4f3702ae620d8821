/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PLATE_SHAPE_H
#define TP_PLATE_SHAPE_H
/*
 * Events of the shape of an earlier one. A camera writes the same keys in the same order every time, so two of its flat events
 * differ just in their values: what stands in between, the gaps, is the same octet by octet. A shape holds the gaps of an event
 * that the reader of plate.c accepted, and what is done with each value. An event with the same number of quotes is held
 * against it: the places of all its quotes come out of one pass over bit masks, each gap is one comparison, and a text between
 * two gaps needs no look at all.
 *
 * A shape only ever accepts: where anything is not as it should be, a gap, an escape, an octet beyond ASCII, a number that is
 * none, an empty text, a time that cannot be understood, the reader of plate.c reads the event from its beginning and says what it
 * is. So shapes change nothing but the time it takes.
 *
 * AVX-512 (F, BW, VL, VBMI2) is needed; plate.c asks the processor once. A few shapes are kept a thread.
 */
#include "plate_event.h"

/*
 * The short way (tp_decoder.h) is a shape's, too: which fields an event has is known before it comes, so its values go behind each other into Avro, and
 * the many fields that are not there are a few octets of zeros in between.
 */
uint8_t *plate_shape_direct(struct tp_record *rec, uint8_t *out);

/*
 * Reads the event of rec->payload. True: the event is accepted, body and device time are written; false: nothing is known about
 * it, and the body holds anything.
 */
bool plate_shape_read(struct tp_record *rec);

/*
 * Offers the event that was read into e and has one read, with its plate in that slot. Mostly returns at once: a shape is made
 * of an event only where none of the same number of quotes was accepted for a while.
 */
void plate_shape_offer(const struct tp_record *rec, const struct plate_event *e, unsigned int slot);

/* plate.c. True where the decoder uses shapes: to begin with, where the processor can. Tests switch it, while nobody decodes. */
bool plate_shapes_possible(void);
void plate_shapes_use(bool use);

#endif
