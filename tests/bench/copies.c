/* copies: fills a LUN, has the target copy it to another with XCOPY or ODX, checks what is there. Uses libiscsi.
 *   copies PORTAL IQN fill  LUN MIB              writes the pattern of the first MIB
 *   copies PORTAL IQN xcopy FROM TO FROM_MIB TO_MIB MIB   EXTENDED COPY(LID1), as many segments a command as the target takes
 *   copies PORTAL IQN odx   FROM TO FROM_MIB TO_MIB MIB   POPULATE TOKEN, RECEIVE ROD TOKEN INFORMATION, WRITE USING TOKEN
 *   copies PORTAL IQN check LUN MIB PERIOD_MIB   2000 blocks somewhere are the pattern, which repeats
 * Prints the milliseconds of the commands that copy. Exit code 1 and the sense where one fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <time.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

static struct iscsi_context *host;
static uint32_t block_bytes = 512;

static void put16(uint8_t *at, uint32_t v) { at[0] = v >> 8; at[1] = v; }
static void put32(uint8_t *at, uint32_t v) { put16(at, v >> 16); put16(at + 2, v); }
static void put64(uint8_t *at, uint64_t v) { put32(at, v >> 32); put32(at + 4, v); }

static void die(const char *what) { fprintf(stderr, "%s: %s\n", what, iscsi_get_error(host)); exit(1); }

static struct scsi_task *run(const char *what, int lun, const uint8_t *cdb, int out, uint8_t *data, uint32_t bytes) {
    struct scsi_task *task = scsi_create_task(16, (uint8_t *)cdb, bytes == 0 ? SCSI_XFER_NONE : out ? SCSI_XFER_WRITE : SCSI_XFER_READ, bytes);
    struct iscsi_data payload = { bytes, data };
    for (int attempt = 0; attempt < 5; attempt++) {
        struct scsi_task *done = iscsi_scsi_command_sync(host, lun, task, out ? &payload : NULL);
        if (done && done->status == SCSI_STATUS_GOOD) return done;
        if (!done) die(what);
        if (done->status != SCSI_STATUS_CHECK_CONDITION || done->sense.key != SCSI_SENSE_UNIT_ATTENTION) {
            fprintf(stderr, "%s: status %d, sense %x/%04x\n", what, done->status, done->sense.key, done->sense.ascq);
            exit(1);
        }
        task = scsi_create_task(16, (uint8_t *)cdb, bytes == 0 ? SCSI_XFER_NONE : out ? SCSI_XFER_WRITE : SCSI_XFER_READ, bytes);
    }
    die(what);
    return NULL;
}

static double now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }

/* Every 8 bytes of a 4 KiB block carry its number in the period and their place in it. */
static void pattern(uint8_t *at, uint64_t block) { for (int i = 0; i < 512; i++) { uint64_t v = (block + 1) * 0x9E3779B97F4A7C15u ^ (uint64_t)i << 32; memcpy(at + i * 8, &v, 8); } }

static void transfer(int lun, int out, uint64_t offset, uint8_t *data, uint32_t bytes) {
    uint8_t cdb[16] = { out ? 0x8A : 0x88 };
    put64(cdb + 2, offset / block_bytes); put32(cdb + 10, bytes / block_bytes);
    struct scsi_task *task = run(out ? "WRITE(16)" : "READ(16)", lun, cdb, out, data, bytes);
    if (!out) memcpy(data, task->datain.data, bytes);
    scsi_free_scsi_task(task);
}

/* The NAA designator of VPD page 83h. */
static void designator(int lun, uint8_t *naa) {
    uint8_t cdb[16] = { 0x12, 1, 0x83, 0, 252 };
    struct scsi_task *task = run("INQUIRY", lun, cdb, 0, NULL, 252);
    uint8_t *page = task->datain.data;
    for (int at = 4; at + 4 <= task->datain.size; at += 4 + page[at + 3])
        if ((page[at + 1] & 0x3F) == 3 && page[at + 3] == 16) { memcpy(naa, page + at + 4, 16); scsi_free_scsi_task(task); return; }
    die("no NAA designator");
}

static void xcopy(int from, int to, uint64_t from_offset, uint64_t to_offset, uint64_t bytes) {
    enum { segments = 64 };
    static uint8_t list[16 + 64 + segments * 28];
    uint64_t most = (uint64_t)65535 * block_bytes & ~4095ull;
    uint8_t naa[2][16];
    designator(from, naa[0]); designator(to, naa[1]);
    while (bytes > 0) {
        int count = 0;
        memset(list, 0, sizeof list);
        for (; count < segments && bytes > 0; count++) {
            uint64_t step = bytes < most ? bytes : most;
            uint8_t *s = list + 80 + count * 28;
            s[0] = 2; put16(s + 2, 24); put16(s + 4, 0); put16(s + 6, 1); put16(s + 10, step / block_bytes);
            put64(s + 12, from_offset / block_bytes); put64(s + 20, to_offset / block_bytes);
            from_offset += step; to_offset += step; bytes -= step;
        }
        list[0] = 1; put16(list + 2, 64); put32(list + 8, count * 28);
        for (int i = 0; i < 2; i++) {
            uint8_t *c = list + 16 + i * 32;
            c[0] = 0xE4; c[4] = 1; c[5] = 3; c[7] = 16; memcpy(c + 8, naa[i], 16); c[29] = block_bytes >> 16; put16(c + 30, block_bytes);
        }
        uint8_t cdb[16] = { 0x83, 0 };
        put32(cdb + 10, 80 + count * 28);
        scsi_free_scsi_task(run("EXTENDED COPY", to, cdb, 1, list, 80 + count * 28));
    }
}

static void odx(int from, int to, uint64_t from_offset, uint64_t to_offset, uint64_t bytes) {
    uint8_t populate[32] = { 0 }, write[552] = { 0 }, cdb[16] = { 0x83, 0x10 };
    put16(populate, 30); put16(populate + 14, 16); put64(populate + 16, from_offset / block_bytes); put32(populate + 24, bytes / block_bytes);
    put32(cdb + 6, 7); put32(cdb + 10, sizeof populate);
    scsi_free_scsi_task(run("POPULATE TOKEN", from, cdb, 1, populate, sizeof populate));
    uint8_t receive[16] = { 0x84, 0x07 };
    put32(receive + 2, 7); put32(receive + 10, 1024);
    struct scsi_task *task = run("RECEIVE ROD TOKEN INFORMATION", from, receive, 0, NULL, 1024);
    uint8_t *answer = task->datain.data;
    uint32_t sense = answer[13];
    memcpy(write + 16, answer + 32 + sense + 4 + 2, 512);
    scsi_free_scsi_task(task);
    put16(write, sizeof write - 2); put16(write + 534, 16); put64(write + 536, to_offset / block_bytes); put32(write + 544, bytes / block_bytes);
    uint8_t use[16] = { 0x83, 0x11 };
    put32(use + 6, 8); put32(use + 10, sizeof write);
    scsi_free_scsi_task(run("WRITE USING TOKEN", to, use, 1, write, sizeof write));
}

int main(int argc, char **argv) {
    if (argc < 6) { fprintf(stderr, "see the head of copies.c\n"); return 2; }
    const char *what = argv[3];
    int lun = atoi(argv[4]);
    host = iscsi_create_context("iqn.2026-11.test.copies:host");
    iscsi_set_targetname(host, argv[2]);
    iscsi_set_session_type(host, ISCSI_SESSION_NORMAL);
    if (iscsi_full_connect_sync(host, argv[1], lun)) die("login");
    struct scsi_task *capacity = iscsi_readcapacity16_sync(host, lun);
    struct scsi_readcapacity16 *found = capacity ? scsi_datain_unmarshall(capacity) : NULL;
    if (!found) die("READ CAPACITY(16)");
    block_bytes = found->block_length;
    static uint8_t data[1 << 20];
    if (!strcmp(what, "fill")) {
        for (uint64_t mib = 0; mib < strtoull(argv[5], 0, 0); mib++) {
            for (int i = 0; i < 256; i++) pattern(data + i * 4096, mib * 256 + i);
            transfer(lun, 1, mib << 20, data, sizeof data);
        }
    } else if (!strcmp(what, "check") && argc == 7) {
        uint64_t blocks = strtoull(argv[5], 0, 0) * 256, period = strtoull(argv[6], 0, 0) * 256;
        static uint8_t wanted[4096];
        srandom(time(NULL));
        for (int i = 0; i < 2000; i++) {
            uint64_t block = i == 0 ? blocks - 1 : ((uint64_t)random() << 20 ^ random()) % blocks;
            transfer(lun, 0, block * 4096, data, 4096);
            pattern(wanted, block % period);
            if (memcmp(data, wanted, 4096)) { fprintf(stderr, "block %llu is not the pattern\n", (unsigned long long)block); return 1; }
        }
    } else if (argc == 9) {
        uint64_t from = strtoull(argv[6], 0, 0) << 20, to = strtoull(argv[7], 0, 0) << 20, bytes = strtoull(argv[8], 0, 0) << 20;
        double begun = now_ms();
        if (!strcmp(what, "odx")) odx(lun, atoi(argv[5]), from, to, bytes); else xcopy(lun, atoi(argv[5]), from, to, bytes);
        printf("%.0f\n", now_ms() - begun);
    } else return 2;
    iscsi_logout_sync(host);
    return 0;
}
