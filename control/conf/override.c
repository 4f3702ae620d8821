/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the command line puts in place of the file: --sink and --replay.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"

#define REPLAY_DESCRIPTORS 1024
#define REPLAY_MTU         9600

void conf_encodings(struct tp_conf *conf)
{
	struct conf_owned *owned = conf->owned;
	bool lines = strcmp(conf->sink, "file") == 0;

	for (unsigned int t = 0; t < conf->topics_count; t++)
		owned->topics[t].encoding = lines ? TP_ENCODING_JSON : conf->topics[t].encoding;
}

int tp_conf_sink(struct tp_conf *conf, const char *sink, char *err, size_t err_len)
{
#define SINK_NAME(text, value) text,
	static char *const names[] = {CONF_CHOICES_sink(SINK_NAME)};
	struct tp_suggestion s = tp_suggest_for(sink);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tp_suggest_try(&s, names[i]);
		if (strcmp(names[i], sink) != 0)
			continue;
		conf->sink = names[i];
		conf_encodings(conf);
		return 0;
	}
	snprintf(err, err_len, "--sink: found '%s', expected kafka, file or null%s", sink, CONF_DID_YOU_MEAN(&s));
	return -EINVAL;
}

int tp_conf_replay(struct tp_conf *conf, const char *pcap, char *err, size_t err_len)
{
	struct conf_owned *owned = conf->owned;
	struct tp_port_spec *port = conf_alloc(owned, 1, sizeof(*port));
	char *device = conf_alloc(owned, strlen(pcap) + 1, 1), *prefix = conf_alloc(owned, 80, 1);

	if (!port || !device || !prefix) {
		snprintf(err, err_len, "out of memory");
		return -ENOMEM;
	}
	if (strchr(pcap, ',')) {
		snprintf(err, err_len, "--replay: found '%s', expected a path without a comma", pcap);
		return -EINVAL;
	}
	memcpy(device, pcap, strlen(pcap) + 1);
	snprintf(prefix, 80, "%s-replay-%ld", conf->dataplane.file_prefix, (long)getpid());
	*port = (struct tp_port_spec){.type = TP_PORT_PCAP,
	        .name = "replay",
	        .device = device,
	        .queues = 1,
	        .rx_descriptors = REPLAY_DESCRIPTORS,
	        .tx_descriptors = REPLAY_DESCRIPTORS,
	        .mtu = REPLAY_MTU};
	conf->dataplane.ports = port;
	conf->dataplane.n_ports = 1;
	conf->dataplane.use_mac_filter = false;
	conf->dataplane.hugepages = false;
	conf->dataplane.paced = true;
	conf->dataplane.file_prefix = prefix;
	conf->hugepages_auto = false;
	return 0;
}
