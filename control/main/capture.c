/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int capture_is_file(const char *path, char *err, size_t err_len)
{
	struct stat st;

	if (stat(path, &st)) {
		int error = errno;

		snprintf(err, err_len, "%s: %s", path, strerror(error));
		return -error;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		snprintf(err, err_len, "%s: %s; expected a recording in the form of pcap or pcapng", path,
		        S_ISREG(st.st_mode) ? "the file is empty" : "this is not a file");
		return -EINVAL;
	}
	return 0;
}

static int capture_count(pcap_t *pcap, const char *path, struct tp_capture *capture, char *err, size_t err_len)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int ret;

	while ((ret = pcap_next_ex(pcap, &header, &data)) == 1) {
		capture->packets++;
		capture->cut += header->caplen < header->len;
	}
	if (ret == PCAP_ERROR_BREAK)
		return 0;
	snprintf(err, err_len, "%s: damaged behind packet %llu: %s", path, (unsigned long long)capture->packets, pcap_geterr(pcap));
	return -EINVAL;
}

int tp_capture_scan(const char *path, struct tp_capture *capture, char *err, size_t err_len)
{
	char why[PCAP_ERRBUF_SIZE];
	int ret = capture_is_file(path, err, err_len), link;
	pcap_t *pcap;

	memset(capture, 0, sizeof(*capture));
	if (ret)
		return ret;
	pcap = pcap_open_offline(path, why);
	if (!pcap) {
		snprintf(err, err_len, "%s: expected a recording in the form of pcap or pcapng: %s", path, why);
		return -EINVAL;
	}
	link = pcap_datalink(pcap);
	if (link == DLT_EN10MB) {
		ret = capture_count(pcap, path, capture, err, err_len);
	} else {
		const char *name = pcap_datalink_val_to_description(link);

		snprintf(err, err_len, "%s: found link type %d (%s), expected Ethernet", path, link, name ? name : "unknown");
		ret = -EINVAL;
	}
	pcap_close(pcap);
	return ret;
}
