// Writes what one side of the traffic device sends as a capture, each flow once, in random order:
// `capture FILE SIDE CAPTURE`, where FILE is the device's, with the configuration in it.
#include <rte_config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "frames.h"

enum { snap_bytes = 2048 };

int main(int count, char **words) {
    if (count != 4)
        return fprintf(stderr, "usage: capture FILE SIDE CAPTURE\n"), 2;
    int file = open(words[1], O_RDONLY);
    const struct traffic_shared *shared =
        mmap(NULL, traffic_bytes, PROT_READ, MAP_SHARED, file, 0);
    FILE *out = fopen(words[3], "wb");
    if (shared == MAP_FAILED || out == NULL)
        return perror(words[file < 0 ? 1 : 3]), 1;
    static struct frame_plan plan;
    frames_prepare(&plan, &shared->config);
    uint32_t side = words[2][0] == '1', flows = plan.config.flows, bytes = plan.config.size;
    uint32_t *order = malloc(flows * sizeof *order);
    if (order == NULL || bytes < frame_bytes_min || bytes > snap_bytes || plan.tcp)
        return fprintf(stderr, "UDP of one size alone can be written.\n"), 1;
    // Each flow once, shuffled alike each time.
    for (uint32_t i = 0; i < flows; i++) {
        uint32_t place = scramble(i + ((uint64_t)side << 32)) % (i + 1);
        order[i] = order[place];
        order[place] = i;
    }
    const uint32_t head[6] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, snap_bytes, 1};
    fwrite(head, sizeof head, 1, out);
    for (uint32_t i = 0; i < flows; i++) {
        uint8_t frame[snap_bytes] = {0};
        const uint32_t record[4] = {0, 0, bytes, bytes};
        frame_write(
            &plan, frame, bytes, side, class_load, 0, tuple_of(&plan, order[i]),
            (struct tcp_fields){0});
        fwrite(record, sizeof record, 1, out);
        fwrite(frame, bytes, 1, out);
    }
    if (fclose(out) != 0)
        return perror(words[3]), 1;
    return 0;
}
