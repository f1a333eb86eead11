/* ats: COMPARE AND WRITE of one block, one after the other, as a hypervisor's heartbeat does. Uses libiscsi.
 *   ats PORTAL IQN LUN LBA SECONDS      prints one line of JSON: how many, percentiles of their time in ms
 * Exit code 1 where one fails: the block is nobody else's, so each must match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <time.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

static double now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }
static int ascending(const void *a, const void *b) { double d = *(double *)a - *(double *)b; return (d > 0) - (d < 0); }

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "see the head of ats.c\n"); return 2; }
    int lun = atoi(argv[3]), bytes = 512, count = 0;
    uint32_t lba = strtoul(argv[4], 0, 0);
    struct iscsi_context *host = iscsi_create_context("iqn.2026-11.test.ats:host");
    iscsi_set_targetname(host, argv[2]);
    iscsi_set_session_type(host, ISCSI_SESSION_NORMAL);
    if (iscsi_full_connect_sync(host, argv[1], lun)) { fprintf(stderr, "login: %s\n", iscsi_get_error(host)); return 1; }
    struct scsi_task *capacity = iscsi_readcapacity16_sync(host, lun);
    if (capacity) { struct scsi_readcapacity16 *found = scsi_datain_unmarshall(capacity); if (found) bytes = found->block_length; }
    unsigned char *data = calloc(2, bytes);
    double *times = malloc(sizeof(double) * 4000000);
    struct scsi_task *first = iscsi_write10_sync(host, lun, lba, data, bytes, bytes, 0, 0, 0, 0, 0);
    if (!first || first->status != SCSI_STATUS_GOOD) { fprintf(stderr, "WRITE: %s\n", iscsi_get_error(host)); return 1; }
    for (double end = now_ms() + atof(argv[5]) * 1e3; now_ms() < end && count < 4000000; count++) {
        uint64_t version = count;
        memcpy(data, &version, 8); version++; memcpy(data + bytes, &version, 8);
        double begun = now_ms();
        struct scsi_task *task = iscsi_compareandwrite_sync(host, lun, lba, data, 2 * bytes, bytes, 0, 0, 0, 0, 0);
        times[count] = now_ms() - begun;
        if (!task || task->status != SCSI_STATUS_GOOD) { fprintf(stderr, "COMPARE AND WRITE %d: %s\n", count, iscsi_get_error(host)); return 1; }
        scsi_free_scsi_task(task);
    }
    qsort(times, count, sizeof(double), ascending);
    printf("{\"count\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n", count, times[count / 2], times[(int)(count * 0.99)], times[count - 1]);
    iscsi_logout_sync(host);
    return 0;
}
